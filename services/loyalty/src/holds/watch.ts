import { HoldReason } from '@regulars/contracts/loyalty/v1/purchases';
import type { Limit, Limits } from './hold-limits.js';

/** A movement that counts when others are judged. */
export interface Movement {
  readonly kind: 'purchase' | 'refund-of-spent';
  /** The purchase or the refund. */
  readonly sourceId: string;
  readonly programmeId: string;
  readonly memberId: string;
  readonly tillId: string;
  /** When the till rang it up. */
  readonly rungMs: number;
}

/** Why a purchase is held, with what was counted. */
export interface HoldCause {
  readonly reason: HoldReason;
  /** With the purchase itself; 0 where nothing is counted. */
  readonly measured: number;
  readonly most: number;
  readonly withinMinutes: number;
}

/** What members and tills did around the purchases of a batch; every item sees what the items before it did. */
export class Watch {
  private readonly movements = new Map<string, Movement>();

  constructor(seen: readonly Movement[]) {
    for (const movement of seen) this.remember(movement);
  }

  remember(movement: Movement): void {
    this.movements.set(movement.sourceId, movement);
  }

  /**
   * Everything that makes a purchase suspicious (requirement L15); empty when nothing does. A limit is passed when some
   * stretch of its length that contains the purchase has more than it allows, so that it does not matter in which order
   * tills hand in what they stored.
   */
  causesFor(limits: Limits, purchase: Movement): HoldCause[] {
    const { memberPurchases, tillPurchases, tillMembers, memberRefundsOfSpent } = limits;
    const all = [...this.movements.values()].filter(({ sourceId }) => sourceId !== purchase.sourceId);
    const ofMember = all.filter((each) => each.memberId === purchase.memberId);
    const bought = ofMember.filter((each) => each.kind === 'purchase' && each.programmeId === purchase.programmeId);
    const atTill = all.filter((each) => each.kind === 'purchase' && each.tillId === purchase.tillId);
    const refunds = ofMember.filter((each) => each.kind === 'refund-of-spent');
    const bySource = ({ sourceId }: Movement) => sourceId;
    return [
      causeOf(HoldReason.MEMBER_VELOCITY, memberPurchases, [...bought, purchase], purchase, bySource),
      causeOf(HoldReason.TILL_VELOCITY, tillPurchases, [...atTill, purchase], purchase, bySource),
      causeOf(HoldReason.MANY_MEMBERS_AT_TILL, tillMembers, [...atTill, purchase], purchase, (each) => each.memberId),
      causeOf(HoldReason.REFUNDS_AFTER_REDEMPTION, memberRefundsOfSpent, refunds, purchase, bySource),
    ].filter((cause) => cause !== undefined);
  }
}

function causeOf(
  reason: HoldReason,
  limit: Limit | undefined,
  movements: readonly Movement[],
  at: Movement,
  nameOf: (movement: Movement) => string,
): HoldCause | undefined {
  if (!limit) return undefined;
  const measured = mostWithin(movements, at.rungMs, limit.withinMinutes * 60_000, nameOf);
  return measured > limit.most ? { reason, measured, ...limit } : undefined;
}

/** The most different names that a stretch of this length has which contains the moment. */
export function mostWithin(
  movements: readonly Movement[],
  atMs: number,
  lengthMs: number,
  nameOf: (movement: Movement) => string,
): number {
  const near = movements
    .filter(({ rungMs }) => Math.abs(rungMs - atMs) < lengthMs)
    .sort((one, other) => one.rungMs - other.rungMs);
  const inside = new Map<string, number>();
  let most = 0;
  let first = 0;
  for (const movement of near) {
    const name = nameOf(movement);
    inside.set(name, (inside.get(name) ?? 0) + 1);
    for (let oldest = near[first]; oldest && movement.rungMs - oldest.rungMs >= lengthMs; oldest = near[++first]) {
      leave(inside, nameOf(oldest));
    }
    most = Math.max(most, inside.size);
  }
  return most;
}

function leave(inside: Map<string, number>, name: string): void {
  const left = (inside.get(name) ?? 0) - 1;
  if (left > 0) inside.set(name, left);
  else inside.delete(name);
}
