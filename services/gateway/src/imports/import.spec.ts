import { describe, expect, it } from '@jest/globals';
import { csvLine, reportLines } from './import.js';

describe('A report as CSV', () => {
  it.each(['=HYPERLINK("x")', '+1', '-1', '@SUM(A1)', '\t=1', ' =1'])(
    '[M1] lets no spreadsheet reckon with %j',
    (cell) => {
      expect(csvLine([cell]).replace(/^"/, '')).toMatch(/^'/);
    },
  );

  it('[M1] quotes what has commas, quotes or line ends in it', () => {
    expect(csvLine(['a,b', 'say "hi"', 'two\nlines', 'plain'])).toBe('"a,b","say ""hi""","two\nlines",plain\r\n');
  });

  it('[M1] has a line for each fault', () => {
    const fault = { line: 7, pointer: '/=1', reason: 'MALFORMED', message: 'no such column' };
    expect(reportLines([fault, fault])).toBe('7,/=1,MALFORMED,no such column\r\n'.repeat(2));
  });
});
