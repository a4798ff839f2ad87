import { Injectable } from '@nestjs/common';
import type { MemberReference } from '@regulars/contracts/loyalty/v1/purchases';
import type { QueryArrayResult, QueryConfig } from 'pg';
import type { Policy } from '../programmes/policy.js';
import type { NewKept, Promotion } from './promotion.js';
import * as store from './standings.store.js';
import type { RecordedChange } from './tier-events.js';

/** Something whose member may keep a tier. */
interface Credited {
  readonly reference: MemberReference | undefined;
  readonly ground: { readonly policy: Policy; readonly programme: { readonly programmeId: string } };
}

type Sender = { query(statement: QueryConfig): Promise<unknown> };
type Reader = { rows<Row extends unknown[]>(statement: QueryConfig): Promise<QueryArrayResult<Row>> };

/** Tiers that members keep, read and written in the transaction of whoever holds the members' locks. */
@Injectable()
export class StandingsService {
  /** The tier that the member of each item keeps; nothing is asked where no programme of theirs has reviews. */
  async keptTiers(tx: Reader, items: readonly Credited[]): Promise<readonly (string | undefined)[]> {
    if (!items.some(({ ground }) => ground.policy.tierReview)) return [];
    const asked = items.map(({ reference, ground }) => ({ programmeId: ground.programme.programmeId, reference }));
    const { rows } = await tx.rows<[string | null]>(store.keptTiersStatement(asked));
    return rows.map(([tier]) => tier ?? undefined);
  }

  /** Sends what a batch made of tiers, without waiting; the last of an account counts. */
  record(tx: Sender, promotions: readonly Promotion[]): Promise<unknown>[] {
    const last = new Map(promotions.map(({ kept }) => [`${kept.memberId} ${kept.programmeId}`, kept]));
    return this.write(
      tx,
      [...last.values()],
      promotions.map(({ change }) => change),
    );
  }

  /** Sends tiers and their history, without waiting; each account once. */
  write(tx: Sender, kept: readonly NewKept[], changes: readonly RecordedChange[]): Promise<unknown>[] {
    const sent: Promise<unknown>[] = [];
    if (kept.length > 0) sent.push(tx.query(store.keepStatement(kept)));
    if (changes.length > 0) sent.push(tx.query(store.changesStatement(changes)));
    return sent;
  }

  /** Makes tiers due whose purchases were refunded: they are looked at without waiting for their review. */
  reviewSoon(
    tx: Sender,
    refunded: readonly { readonly memberId: string; readonly programmeId: string; readonly postedMs: number }[],
  ): Promise<unknown>[] {
    const [first] = refunded;
    if (!first) return [];
    const date = new Date(first.postedMs).toISOString().slice(0, 10);
    return [tx.query(store.reviewSoonStatement(refunded, date))];
  }
}
