import { describe, expect, it } from '@jest/globals';
import { type Mergeable, whyNotMerge, whyNotUndo } from './merge.js';

const plain: Mergeable = {
  memberId: 'a',
  mergedInto: null,
  isGone: false,
  isErasureUnderWay: false,
  isMergeUnderWay: false,
  hasVerifiedMobile: false,
  homeStoreId: null,
};
const one = plain;
const other = { ...plain, memberId: 'b' };

describe('Whether two members can be merged', () => {
  it('[M5] merges two who are there, each for herself', () => {
    expect(whyNotMerge(one, other, false)).toBeUndefined();
    expect(whyNotMerge(one, undefined, false)).toBe('MEMBER_UNKNOWN');
    expect(whyNotMerge(one, one, false)).toBe('SAME_MEMBER');
  });

  it('[M5] refuses a circle, and whoever stands for somebody else already', () => {
    expect(whyNotMerge({ ...one, mergedInto: 'b' }, other, false)).toBe('MERGE_CYCLE');
    expect(whyNotMerge(one, { ...other, mergedInto: 'c' }, false)).toBe('MEMBER_MERGED');
    expect(whyNotMerge(one, { ...other, mergedInto: 'a' }, false)).toBe('MEMBER_MERGED');
    expect(whyNotMerge({ ...one, mergedInto: 'c' }, other, false)).toBe('SURVIVOR_MERGED');
  });

  it('[M5][M6] refuses who is erased, or will be', () => {
    expect(whyNotMerge(one, { ...other, isGone: true }, false)).toBe('MEMBER_GONE');
    expect(whyNotMerge({ ...one, isErasureUnderWay: true }, other, false)).toBe('ERASURE_UNDER_WAY');
  });

  it('[M5] refuses two with a verified mobile each unless somebody says that one person has both', () => {
    const [mine, hers] = [one, other].map((member) => ({ ...member, hasVerifiedMobile: true }));
    expect(whyNotMerge(mine, hers, false)).toBe('MOBILES_DIFFER');
    expect(whyNotMerge(mine, hers, true)).toBeUndefined();
    expect(whyNotMerge(mine, other, false)).toBeUndefined();
  });
});

describe('Whether a merge can be undone', () => {
  const merged = { ...other, mergedInto: 'a' };

  it('[M5] undoes once, the last one first', () => {
    expect(whyNotUndo({ state: 'booked' }, one, merged)).toBeUndefined();
    expect(whyNotUndo({ state: 'ordered' }, { ...one, isMergeUnderWay: true }, merged)).toBe('MERGE_UNDER_WAY');
    expect(whyNotUndo({ state: 'undone' }, one, other)).toBe('ALREADY_UNDONE');
    expect(whyNotUndo({ state: 'booked' }, { ...one, mergedInto: 'c' }, merged)).toBe('SURVIVOR_MERGED');
  });

  it('[M5][M6] does not bring back who was erased', () => {
    expect(whyNotUndo({ state: 'booked' }, { ...one, isGone: true }, merged)).toBe('MEMBER_GONE');
    expect(whyNotUndo({ state: 'booked' }, one, { ...merged, isErasureUnderWay: true })).toBe('ERASURE_UNDER_WAY');
  });
});
