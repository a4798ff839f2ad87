import { describe, expect, it } from '@jest/globals';
import { csvOf } from './csv.js';

describe('Tables for spreadsheets', () => {
  it('[L17] never hand a spreadsheet a formula', () => {
    const cells = ['=HYPERLINK("http://x")', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'];
    for (const cell of cells) expect(csvOf([[cell]])).toMatch(/^"?'/);
    expect(csvOf([['R-1', '12']])).toBe('R-1,12\r\n');
  });

  it('[L17] quote what would break a cell', () => {
    expect(csvOf([['a,b', 'say "x"', 'two\nlines']])).toBe('"a,b","say ""x""","two\nlines"\r\n');
  });
});
