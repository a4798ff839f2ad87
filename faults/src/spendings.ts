import type { Violation } from './violation.js';

/** What a till wanted to spend under one key, and what it was told before it died or was done. */
export interface Spending {
  readonly kind: 'reward' | 'coupon';
  readonly key: string;
  /** The coupon that it wanted to use; undefined for a reward. */
  readonly code: string | undefined;
  /** The redemption or use that it was told of. */
  id?: string;
  told: 'nothing' | 'reserved' | 'confirmed' | 'refused';
}

/** A redemption, with everything that was ever booked for it. */
export interface StoredRedemption {
  readonly redemptionId: string;
  readonly state: string;
  readonly points: number;
  readonly booked: number;
}

/** A coupon, with the states of all uses that ever held it. */
export interface StoredCoupon {
  readonly code: string;
  readonly state: string;
  readonly uses: readonly { readonly useId: string; readonly state: string }[];
}

/** What is stored of what was spent, once every time limit has passed. */
export interface StoredSpendings {
  readonly redemptions: readonly StoredRedemption[];
  readonly coupons: readonly StoredCoupon[];
  /** What the reward had at first and has left. */
  readonly stock: { readonly atFirst: number; readonly left: number };
}

/**
 * Holds what tills were told against what is stored (requirements L8, L9): what was confirmed is spent once, everything
 * else has come back. Pure. To be asked when every time limit has passed.
 */
export function brokenSpendings(spendings: readonly Spending[], stored: StoredSpendings): Violation[] {
  return [
    ...left(stored),
    ...spendings.flatMap((spending) => untrue(spending, stored)),
    ...stored.redemptions.flatMap(miscounted),
    ...stored.coupons.flatMap(misused),
    ...doubled(spendings, stored),
    ...misplaced(stored),
  ];
}

function left({ redemptions, coupons }: StoredSpendings): Violation[] {
  const rule = 'what a till held and left comes back by itself';
  const held = redemptions.filter(({ state }) => state === 'reserved').map(({ redemptionId }) => redemptionId);
  const codes = coupons.filter(({ state }) => state === 'reserved').map(({ code }) => code);
  return [...held, ...codes].map((what) => ({ rule, what: `${what} is still reserved` }));
}

function untrue({ kind, id, told, code }: Spending, { redemptions, coupons }: StoredSpendings): Violation[] {
  if (id === undefined) return [];
  const state =
    kind === 'reward'
      ? redemptions.find(({ redemptionId }) => redemptionId === id)?.state
      : coupons.find((coupon) => coupon.code === code)?.uses.find(({ useId }) => useId === id)?.state;
  const what = `${kind} ${id}: told ${told}, stored ${state ?? 'nothing'}`;
  if (told === 'confirmed' && state !== 'confirmed') return [{ rule: 'told confirmed: spent for good', what }];
  if (told === 'refused' && state === 'confirmed') return [{ rule: 'told refused: not spent', what }];
  return state === undefined ? [{ rule: 'told reserved: stored', what }] : [];
}

function miscounted({ redemptionId, state, points, booked }: StoredRedemption): Violation[] {
  if (state === 'reserved') return [];
  const expected = state === 'confirmed' ? -points : 0;
  if (booked === expected) return [];
  const what = `${redemptionId} is ${state} and booked with ${booked} instead of ${expected}`;
  return [{ rule: 'a redemption costs its points once or not at all', what }];
}

function misused({ code, state, uses }: StoredCoupon): Violation[] {
  if (state === 'reserved') return [];
  const confirmed = uses.filter((use) => use.state === 'confirmed').length;
  if (confirmed === (state === 'used' ? 1 : 0)) return [];
  return [
    {
      rule: 'a coupon is used once or can be used again',
      what: `${code} is ${state} with ${confirmed} confirmed uses`,
    },
  ];
}

/** A key that is sent twice holds once. */
function doubled(spendings: readonly Spending[], { redemptions, coupons }: StoredSpendings): Violation[] {
  const rule = 'one key holds once';
  const asked = (kind: Spending['kind']) => spendings.filter((spending) => spending.kind === kind).length;
  const uses = new Set(coupons.flatMap((coupon) => coupon.uses.map(({ useId }) => useId))).size;
  return [
    ...(redemptions.length > asked('reward')
      ? [{ rule, what: `${redemptions.length} redemptions of ${asked('reward')} keys` }]
      : []),
    ...(uses > asked('coupon') ? [{ rule, what: `${uses} uses of ${asked('coupon')} keys` }] : []),
  ];
}

function misplaced({ redemptions, stock }: StoredSpendings): Violation[] {
  const spent = redemptions.filter(({ state }) => state === 'confirmed' || state === 'reserved').length;
  if (stock.atFirst - spent === stock.left) return [];
  const what = `${stock.left} left of ${stock.atFirst} after ${spent}`;
  return [{ rule: 'stock is what nobody has', what }];
}
