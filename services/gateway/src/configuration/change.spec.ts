import { describe, expect, it } from '@jest/globals';
import { cursorOf, newestOf, type Owner, positionIn } from './change.js';

const told = (owner: Owner, entry: number, second: number) => ({ owner, entry, at: new Date(second * 1_000) });
const stores = [told('stores', 3, 30), told('stores', 2, 20), told('stores', 1, 10)];
const loyalty = [told('loyalty', 2, 25), told('loyalty', 1, 10)];

describe('Changes of several services', () => {
  it('[O4] are told newest first, and page after page each of them once', () => {
    const seen: string[] = [];
    let from = positionIn(undefined);
    while (from) {
      const after = from;
      const rest = [stores, loyalty].map((list) =>
        list.filter(({ owner, entry }) => entry < (after[owner] ?? Infinity)).slice(0, 3),
      );
      const { page, next } = newestOf(rest, 2, after);
      seen.push(...page.map(({ owner, entry }) => `${owner} ${entry}`));
      from = next && positionIn(cursorOf(next));
    }
    expect(seen).toEqual(['stores 3', 'loyalty 2', 'stores 2', 'loyalty 1', 'stores 1']);
  });

  it('[O4] have a cursor that is read back, and none other', () => {
    expect(positionIn(cursorOf({ stores: 7 }))).toEqual({ stores: 7 });
    for (const wrong of ['', 'x', cursorOf({ stores: -1 }), Buffer.from('{"a":1}').toString('base64url')]) {
      expect([wrong, positionIn(wrong)]).toEqual([wrong, undefined]);
    }
  });
});
