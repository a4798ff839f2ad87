import { describe, expect, it } from '@jest/globals';
import { brokenSpendings, type Spending, type StoredSpendings } from './spendings.js';

const reward: Spending = { kind: 'reward', key: 'k1', code: undefined, id: 'r1', told: 'confirmed' };
const coupon: Spending = { kind: 'coupon', key: 'k2', code: 'C1', id: 'u1', told: 'reserved' };
const whole: StoredSpendings = {
  redemptions: [{ redemptionId: 'r1', state: 'confirmed', points: 5, booked: -5 }],
  coupons: [{ code: 'C1', state: 'issued', uses: [{ useId: 'u1', state: 'released' }] }],
  stock: { atFirst: 10, left: 9 },
};
const rules = (stored: Partial<StoredSpendings>, spendings = [reward, coupon]) =>
  brokenSpendings(spendings, { ...whole, ...stored }).map(({ rule }) => rule);

describe('What tills spent, held against what is stored', () => {
  it('[L8][L9] is in order where the confirmed is spent once and the rest has come back', () => {
    expect(rules({})).toEqual([]);
  });

  it('[L8] sees a redemption that stays reserved, is confirmed in vain, costs twice or comes twice', () => {
    const stored = (change: object) => ({ redemptions: [{ ...whole.redemptions[0], ...change } as never] });
    expect(rules(stored({ state: 'reserved' }))).toEqual([
      'what a till held and left comes back by itself',
      'told confirmed: spent for good',
    ]);
    expect(rules({ ...stored({ state: 'released', booked: 0 }), stock: { atFirst: 10, left: 10 } })).toEqual([
      'told confirmed: spent for good',
    ]);
    expect(rules(stored({ booked: -10 }))).toEqual(['a redemption costs its points once or not at all']);
    expect(rules(stored({}), [coupon])).toEqual(['one key holds once']);
    expect(rules({ stock: { atFirst: 10, left: 10 } })).toEqual(['stock is what nobody has']);
    expect(rules({}, [{ ...reward, told: 'refused' }, coupon])).toEqual(['told refused: not spent']);
  });

  it('[L9] sees a coupon that stays held, is used twice, or is lost', () => {
    const stored = (state: string, ...uses: string[]) => ({
      coupons: [{ code: 'C1', state, uses: uses.map((each, index) => ({ useId: `u${index + 1}`, state: each })) }],
    });
    expect(rules(stored('reserved', 'reserved'))).toEqual(['what a till held and left comes back by itself']);
    expect(rules(stored('used', 'released'))).toEqual(['a coupon is used once or can be used again']);
    expect(rules(stored('used', 'confirmed', 'confirmed'))).toEqual([
      'a coupon is used once or can be used again',
      'one key holds once',
    ]);
    expect(rules({ coupons: [] })).toEqual(['told reserved: stored']);
  });
});
