import { randomUUID } from 'node:crypto';
import type { MemberReference, Purchase, Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { aMember, aPurchase, type TestMember, type TestStore, today } from './chain.js';
import type { Pod } from './pod.js';

/** How a till tells who buys. */
export type Telling = 'memberId' | 'number' | 'codeTokenSha256';

/** Two members who may be one person, at one store. */
export class Pair {
  readonly survivor: TestMember = aMember();
  readonly merged: TestMember = aMember();
  readonly purchases: Receipt[] = [];

  constructor(
    readonly pod: Pod,
    readonly store: TestStore,
    readonly programmeId: string,
  ) {}

  static async of(pod: Pod, store: TestStore, programmeId: string): Promise<Pair> {
    const pair = new Pair(pod, store, programmeId);
    await pod.register(pair.survivor, pair.merged);
    return pair;
  }

  purchase(who: 'survivor' | 'merged', minor: number, telling: Telling = 'memberId'): Purchase {
    const member = this[who];
    const by: NonNullable<MemberReference['by']> =
      telling === 'codeTokenSha256'
        ? { $case: telling, value: member.codeTokenSha256 }
        : { $case: telling, value: member[telling] };
    const purchase = { ...aPurchase({ at: this.store, by: member, minor }), member: { by } };
    this.purchases.push(purchase.receipt as Receipt);
    return purchase;
  }

  async buy(who: 'survivor' | 'merged', minor: number, telling?: Telling) {
    const [answer] = await this.pod.post([this.purchase(who, minor, telling)]);
    if (answer?.outcome?.$case !== 'credited') throw new Error(JSON.stringify(answer));
    return answer.outcome.value;
  }

  /** Gives all of a purchase back. */
  async giveBack(purchase: Receipt) {
    const [answer] = await this.pod.refund([
      {
        purchase,
        refund: { ...purchase, businessDate: today(), receiptNumber: `B${randomUUID().slice(0, 8)}` },
        rungAt: new Date(`${today()}T05:00:00Z`),
        lines: [],
      },
    ]);
    return answer?.outcome;
  }

  /** Gives or takes points by hand. */
  adjust(who: 'survivor' | 'merged', points: number) {
    const { programmeId } = this;
    const adjusting = {
      memberId: this[who].memberId,
      programmeId,
      points,
      kind: 'correction',
      reason: '更正',
    } as const;
    return this.pod.adjustments.request({ caller: randomUUID(), key: randomUUID() }, adjusting);
  }

  /** Everything that somebody has ends, which is booked or not yet. */
  async end(who: 'survivor' | 'merged', now: Date, isBooked: boolean): Promise<void> {
    const ended = new Date(now.getTime() - 1_000);
    const { memberId } = this[who];
    await this.pod.rows('UPDATE lot SET expires_at = $2 WHERE member_id = $1 AND expires_at > $2', [memberId, ended]);
    await this.pod.rows('UPDATE account SET next_expiry_at = $2 WHERE member_id = $1', [memberId, ended]);
    while (isBooked && (await this.pod.expiry.bookDue()) > 0);
  }

  async merge(mergeId: string = randomUUID()): Promise<string> {
    await this.order(mergeId, false);
    return mergeId;
  }

  /** How it was undone. */
  async unmerge(mergeId: string) {
    await this.order(mergeId, true);
    const [row] = await this.pod.rows<{
      payload: { exact?: boolean; compensatedPoints?: string; owedPoints?: string };
    }>(`SELECT payload FROM outbox WHERE type = 'regulars.loyalty.v1.UnmergeBooked' AND aggregateid = $1`, [mergeId]);
    if (!row) throw new Error('it was not undone');
    const { exact = false, compensatedPoints = 0, owedPoints = 0 } = row.payload;
    return { exact, compensatedPoints: Number(compensatedPoints), owedPoints: Number(owedPoints) };
  }

  /** Heard of twice, as each comes under both keys. */
  private async order(mergeId: string, isUndo: boolean): Promise<void> {
    const order = { mergeId, survivorId: this.survivor.memberId, mergedId: this.merged.memberId, isUndo };
    for (let heard = 0; heard < 2; heard += 1) {
      await this.pod.dataSource.transaction((tx) => this.pod.members.keepMerges(tx, [order]));
    }
    while ((await this.pod.merges.carryOutDue()) > 0);
  }

  /**
   * What both have, without what names it: the same for two pairs with the same past. An account in which there never
   * was anything is none: a ledger is only ever added to, so a merge and its end leave two entries in each.
   */
  async stands(): Promise<readonly object[]> {
    const both = [this.survivor, this.merged];
    return Promise.all(both.map(({ memberId }) => this.standsOf(memberId)));
  }

  private async standsOf(memberId: string): Promise<object> {
    const [row] = await this.pod.rows<{ stands: object }>(
      `SELECT json_build_object(
         'mergedInto', (SELECT merged_into FROM member WHERE member_id = $1),
         'accounts', (SELECT json_agg(json_build_array(balance, debt, tier, tier_until)) FROM account
           WHERE member_id = $1 AND (balance <> 0 OR debt <> 0 OR tier IS NOT NULL)),
         'lots', (SELECT json_agg(json_build_array(points, remaining, expired, spent, expires_at)
           ORDER BY points, remaining, expired, spent, expires_at) FROM lot WHERE member_id = $1),
         'days', (SELECT json_agg(json_build_array(business_date, points, spent_minor) ORDER BY business_date)
           FROM member_day WHERE member_id = $1 AND (points <> 0 OR spent_minor <> 0)),
         'redemptions', (SELECT json_agg(json_build_array(points, state, returned) ORDER BY points, state, returned)
           FROM redemption WHERE member_id = $1),
         'coupons', (SELECT count(*) FROM coupon WHERE member_id = $1)) AS stands`,
      [memberId],
    );
    return row?.stands ?? {};
  }

  /** What does not hold of the books; empty when they balance (requirement L4). */
  async faults(): Promise<object[]> {
    return this.pod.rows<object>(
      `SELECT a.*, entries.sum AS entries, lots.sum AS lots FROM account a
       LEFT JOIN LATERAL (
         SELECT coalesce(sum(points), 0)::bigint AS sum, count(*) - coalesce(max(member_seq), 0) AS gaps FROM entry e
         WHERE e.member_id = a.member_id AND e.programme_id = a.programme_id
       ) entries ON true
       LEFT JOIN LATERAL (
         SELECT coalesce(sum(remaining), 0)::bigint AS sum, min(expires_at) FILTER (WHERE remaining > 0) AS ends FROM lot l
         WHERE l.member_id = a.member_id AND l.programme_id = a.programme_id
       ) lots ON true
       WHERE a.member_id = ANY ($1::uuid[]) AND (entries.sum <> a.balance OR entries.gaps <> 0
         OR lots.sum - a.debt <> a.balance OR lots.ends < a.next_expiry_at
         OR (lots.ends IS NOT NULL AND a.next_expiry_at IS NULL))`,
      [[this.survivor.memberId, this.merged.memberId]],
    );
  }
}
