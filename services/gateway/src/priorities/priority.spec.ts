import { describe, expect, it } from '@jest/globals';
import { BirthdayStanding, type MemberTier } from '@regulars/contracts/loyalty/v1/tiers';
import { NeedKind } from '@regulars/contracts/members/v1/particulars';
import { priorityOf } from './priority.js';

const gold = {
  tier: { code: 'gold', benefits: { discountPercent: 0, priority: 40, gifts: [], personalService: false } },
} as unknown as MemberTier;

const ok = { state: 'ok' };

describe('Priority of a member', () => {
  it('[L13] is that of the tier, with needs for which waiting is hard as further reasons', () => {
    const needs = [
      { kind: NeedKind.WHEELCHAIR, detail: '' },
      { kind: NeedKind.ALLERGY, detail: '花生' },
    ];
    expect(priorityOf('m', { tier: gold, needs })).toEqual({
      memberId: 'm',
      priority: 40,
      reasons: [
        { kind: 'tier', what: 'gold' },
        { kind: 'special-need', what: 'wheelchair' },
      ],
      parts: { tier: ok, specialNeed: ok, birthday: { state: 'not-kept' }, keyAccount: { state: 'not-kept' } },
    });
  });

  it('[L13][L10] tells a birthday, where the programme keeps birthdays', () => {
    const on = (birthday: BirthdayStanding) => priorityOf('m', { tier: { ...gold, birthday }, needs: [] });
    expect(on(BirthdayStanding.OPEN)).toMatchObject({
      priority: 40,
      reasons: [
        { kind: 'tier', what: 'gold' },
        { kind: 'birthday', what: 'today' },
      ],
      parts: { birthday: ok },
    });
    expect(on(BirthdayStanding.CLOSED)).toMatchObject({ reasons: [{ kind: 'tier' }], parts: { birthday: ok } });
    expect(on(BirthdayStanding.UNSPECIFIED)).toMatchObject({ parts: { birthday: { state: 'not-kept' } } });
  });

  it('[L13] says which part is missing instead of leaving it empty', () => {
    const missing = { state: 'missing', reason: 'DEPENDENCY_UNAVAILABLE' } as const;
    const nobody = priorityOf('m', { tier: missing, needs: missing });
    expect(nobody).toMatchObject({
      priority: undefined,
      parts: { tier: missing, specialNeed: missing, birthday: missing },
    });
    const newcomer = priorityOf('m', { tier: null, needs: [] });
    expect(newcomer).toMatchObject({ priority: 0, reasons: [], parts: { tier: ok, specialNeed: ok } });
  });
});
