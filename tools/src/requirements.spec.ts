import { describe, expect, it } from '@jest/globals';
import { proofsIn, requirementsPage } from './requirements.js';

/** Spelt so that the page of this repository does not list the examples below. */
const test_ = 'it';

const areas = { Loyalty: [line('L1'), line('L2')] };

describe('The page of requirements', () => {
  it('finds the ids in the titles of tests, one or several', () => {
    const text = `
      ${test_}('[L1] answers the first answer', () => {});
      ${test_}("[L1][L4] keeps the member's balance", () => {});
      ${test_}.each([1, 2])(\`[L2, L17] takes %s\`, () => {});
      ${test_}('has no id', () => {});`;
    expect(proofsIn(text, 'a.spec.ts').map(({ ids, title }) => [ids, title])).toEqual([
      [['L1'], 'answers the first answer'],
      [['L1', 'L4'], "keeps the member's balance"],
      [['L2', 'L17'], 'takes %s'],
    ]);
  });

  it('shows a line without a test', () => {
    const page = requirementsPage(areas, proofsIn(`${test_}('[L1] holds', () => {})`, 'x/a.spec.ts'));
    expect(page).toContain('1 of 2 lines have a test');
    expect(page).toContain('- **L1** what L1 says\n  - holds ([a.spec.ts](../x/a.spec.ts))');
    expect(page).toContain('- **L2** what L2 says *No test yet.*');
  });

  it('refuses a title that names a requirement there is not', () => {
    expect(() => requirementsPage(areas, proofsIn(`${test_}('[L99] holds', () => {})`, 'a.spec.ts'))).toThrow('L99');
  });
});

function line(id: string) {
  return { id, text: `what ${id} says` };
}
