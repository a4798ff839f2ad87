import { accrue, type Bought, countedAmount } from '../points/accrual.js';
import { minuteOfDay } from '../programmes/calendar.js';
import type { Policy } from '../programmes/policy.js';
import { standingOn } from '../tiers/ladder.js';

/** A purchase that was credited, as it stands. */
export interface PastPurchase {
  readonly memberId: string;
  readonly businessDate: string;
  readonly storeId: string;
  readonly timeZone: string;
  readonly channel: string;
  readonly rungMs: number;
  readonly programmeVersion: number;
  readonly totalMinor: number;
  readonly lines: readonly (readonly [sku: string, name: string, category: string, quantity: number, amount: number])[];
  readonly payments: readonly (readonly [type: string, amount: number])[];
  /** What it earned. */
  readonly points: number;
  /** What the member had spent in the tier period with it, minor units. */
  readonly spentMinor: number;
}

/** A member and what the version would have changed. */
export interface Difference {
  readonly memberId: string;
  readonly then: number;
  readonly now: number;
}

/** What a version would have done in a period. */
export interface BacktestResult {
  readonly purchases: number;
  readonly members: number;
  readonly pointsThen: number;
  readonly pointsNow: number;
  readonly gain: number;
  readonly lose: number;
  readonly same: number;
  /** Greatest first, at most ten. */
  readonly mostGained: readonly Difference[];
  readonly mostLost: readonly Difference[];
  /** Points that each rule added before rounding and caps, by its place in the version. */
  readonly byRule: readonly { readonly rule: number; readonly purchases: number; readonly points: number }[];
}

/** A backtest as stored. */
export interface BacktestRow {
  readonly backtestId: string;
  readonly programmeId: string;
  readonly version: number;
  readonly fromDate: string;
  readonly untilDate: string;
  readonly membersPercent: number;
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly finishedAt: Date | null;
  readonly result: BacktestResult | null;
}

const MOST_NAMED = 10;

/**
 * Replays past purchases by another policy (requirement L3), as they were bought, before refunds. The tier is that of
 * what had been spent before the purchase; caps count what the other policy would have given. Purchases come member by
 * member, each member's in the order in which they were posted.
 */
export class Backtest {
  private purchases = 0;
  private members = 0;
  private pointsThen = 0;
  private pointsNow = 0;
  private readonly counts = { gain: 0, lose: 0, same: 0 };
  private mostGained: Difference[] = [];
  private mostLost: Difference[] = [];
  private readonly rules = new Map<number, { purchases: number; e4: number }>();
  private member = { memberId: '', then: 0, now: 0, days: new Map<string, number>() };

  /** @param policyThen the policy of a version by which a purchase was decided */
  constructor(
    private readonly policy: Policy,
    private readonly policyThen: (version: number) => Policy | undefined,
  ) {}

  add(purchase: PastPurchase): void {
    if (purchase.memberId !== this.member.memberId) this.nextMember(purchase.memberId);
    const points = this.reckon(purchase);
    this.purchases += 1;
    this.member.then += purchase.points;
    this.member.now += points;
    const { days } = this.member;
    days.set(purchase.businessDate, (days.get(purchase.businessDate) ?? 0) + points);
  }

  /** After the last purchase. */
  result(): BacktestResult {
    this.nextMember('');
    const { purchases, members, pointsThen, pointsNow, mostGained, mostLost } = this;
    const byRule = [...this.rules]
      .map(([rule, { purchases: held, e4 }]) => ({ rule, purchases: held, points: Math.round(e4 / 10_000) }))
      .sort((one, other) => one.rule - other.rule);
    return { purchases, members, pointsThen, pointsNow, ...this.counts, mostGained, mostLost, byRule };
  }

  private reckon(purchase: PastPurchase): number {
    const { businessDate, storeId, channel, timeZone, rungMs, programmeVersion } = purchase;
    const bought = boughtIn(purchase);
    const before = this.policyThen(programmeVersion) ?? this.policy;
    const standing = standingOn(this.policy.tiers, purchase.spentMinor - countedAmount(before, bought));
    const occurrence = {
      businessDate,
      storeId,
      channel,
      minuteOfDay: minuteOfDay(rungMs, timeZone),
      isBirthday: false,
    };
    const { points, steps } = accrue(this.policy, bought, standing, this.earnedBefore(businessDate), occurrence);
    for (const [code, , { rule, gives_e4 }] of steps) if (code === 'rule' && rule) this.noteRule(rule, gives_e4 ?? 0);
    return points;
  }

  private noteRule(rule: number, e4: number): void {
    const noted = this.rules.get(rule) ?? { purchases: 0, e4: 0 };
    this.rules.set(rule, { purchases: noted.purchases + 1, e4: noted.e4 + e4 });
  }

  private earnedBefore(businessDate: string) {
    const month = businessDate.slice(0, 7);
    let monthPoints = 0;
    for (const [date, points] of this.member.days) if (date.startsWith(month)) monthPoints += points;
    return { dayPoints: this.member.days.get(businessDate) ?? 0, monthPoints };
  }

  private nextMember(memberId: string): void {
    const { memberId: ended, then, now } = this.member;
    if (ended !== '') {
      this.members += 1;
      this.pointsThen += then;
      this.pointsNow += now;
      this.counts[now > then ? 'gain' : now < then ? 'lose' : 'same'] += 1;
      const difference = { memberId: ended, then, now };
      if (now > then) this.mostGained = most([...this.mostGained, difference], (each) => each.now - each.then);
      if (now < then) this.mostLost = most([...this.mostLost, difference], (each) => each.then - each.now);
    }
    this.member = { memberId, then: 0, now: 0, days: new Map() };
  }
}

function most(differences: readonly Difference[], by: (difference: Difference) => number): Difference[] {
  return [...differences].sort((one, other) => by(other) - by(one)).slice(0, MOST_NAMED);
}

function boughtIn({ totalMinor, lines, payments }: PastPurchase): Bought {
  return {
    totalMinor,
    lines: lines.map(([sku, , category, quantityMilli, amountMinor]) => ({
      sku,
      category,
      quantityMilli,
      amountMinor,
    })),
    payments: payments.map(([type, amountMinor]) => ({ type, amountMinor })),
  };
}
