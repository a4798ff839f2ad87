import { describe, expect, it } from '@jest/globals';
import { cutPage, pageOf } from './paging.js';

describe('Pages', () => {
  it('have 50 rows when not told, and never more than 200', () => {
    expect(pageOf(undefined)).toEqual({ limit: 50, after: undefined });
    expect(pageOf({ limit: 1_000, cursor: '' })).toEqual({ limit: 200, after: undefined });
  });

  it('follow each other without a gap', () => {
    const rows = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
    const first = cutPage(rows, 2, (row) => [row.id]);
    expect(first.page).toEqual([{ id: 'a' }, { id: 'b' }]);
    expect(pageOf({ limit: 2, cursor: first.nextCursor })?.after).toEqual(['b']);
    expect(cutPage(rows.slice(2), 2, (row) => [row.id]).nextCursor).toBe('');
  });

  it('[M4] refuse a cursor that is not one of ours', () => {
    for (const cursor of ['%%%', 'bm90IGpzb24', Buffer.from('{"a":1}').toString('base64url')]) {
      expect(pageOf({ limit: 10, cursor })).toBeUndefined();
    }
  });
});
