import { Inject, Injectable } from '@nestjs/common';
import { PointsExpired, PointsExpiring } from '@regulars/contracts/loyalty/v1/points_events';
import type { OutboxEvent } from '@regulars/messaging';
import { CLOCK, type Clock } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import { BookService } from '../book/book.service.js';
import { HeldLedgers } from '../points/held-ledgers.service.js';
import { LedgerBatch, type NewEntry } from '../points/ledger.js';
import { pointsTopic } from '../points/points-topic.js';
import { daysAfter, endOfDayMs } from '../programmes/calendar.js';
import * as store from './expiry.store.js';

/** Members in one transaction: it holds their locks for some tens of milliseconds, and purchases of theirs wait for it. */
const MOST = 100;

/** Names the entry that books the end of a lot: UUIDv5 of it, so that no lot ends twice for the same points. */
const ENDS = '5f0c9a52-6d0f-4b8e-9d0a-6b1f2c3d4e5f';

/** Points that end: booked when they have (requirement L5), told before they do. */
@Injectable()
export class ExpiryService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly books: BookService,
    private readonly ledgers: HeldLedgers,
  ) {}

  /**
   * Books lots that have ended, of a few accounts in one transaction, and answers how many accounts were looked at. What
   * a kill leaves is due again: spending and reading never counted ended points, so nobody waits for this.
   */
  async bookDue(): Promise<number> {
    const now = this.clock.now();
    const due = await store.accountsWithEnds(this.dataSource.manager, now, MOST);
    if (due.length === 0) return 0;
    const todays = (await this.books.recent()).policiesAt(now.getTime());
    const memberIds = due.map(({ memberId }) => memberId);
    await this.ledgers.under(memberIds, async (tx) => {
      const ended = await store.endedLots(tx, due, now);
      const ledger = await this.booked(tx, ended, now, (programmeId) => todays.get(programmeId)?.today);
      const events = ledger.entries.map((entry, index) => expired(entry, ended[index] as store.EndedLot));
      await this.ledgers.record(tx, ledger, events);
      await store.setNextEnds(tx, due, now);
    });
    return due.length;
  }

  /** Warns members whose points end within the days that their programme says; answers how many. */
  async warnDue(): Promise<number> {
    const now = this.clock.now();
    let warned = 0;
    for (const [programmeId, { policy, today }] of (await this.books.recent()).policiesAt(now.getTime())) {
      if (policy.expiryWarningDays === 0) continue;
      const until = new Date(endOfDayMs(daysAfter(today, policy.expiryWarningDays), policy.timeZone));
      warned += await this.warn(programmeId, now, until);
    }
    return warned;
  }

  /** One event tells everything that ends until then; the next one comes for points that end later. */
  private async warn(programmeId: string, now: Date, until: Date): Promise<number> {
    const due = await store.accountsToWarn(this.dataSource.manager, programmeId, now, until, MOST);
    if (due.length === 0) return 0;
    const memberIds = due.map(({ memberId }) => memberId);
    await this.ledgers.under(memberIds, async (tx) => {
      const ending = await store.markWarned(tx, due, now, until);
      const events = ending.filter(({ points }) => points > 0).map((row) => expiring(row, until, now));
      if (events.length > 0) await this.ledgers.tell(tx, events);
    });
    return due.length;
  }

  private async booked(
    tx: EntityManager,
    ended: readonly store.EndedLot[],
    now: Date,
    todayIn: (programmeId: string) => string | undefined,
  ): Promise<LedgerBatch> {
    const held = await this.ledgers.accounts(tx, ended);
    const ledger = new LedgerBatch(now.getTime());
    for (const { memberId, programmeId, lotId, remaining, expired, programmeVersion } of ended) {
      const account = ledger.account(programmeId, memberId, held({ memberId, programmeId }));
      const booking = {
        entryId: uuidv5(`${lotId} ${expired}`, ENDS),
        kind: 'expire',
        sourceId: lotId,
        storeId: undefined,
        businessDate: todayIn(programmeId) ?? now.toISOString().slice(0, 10),
        programmeVersion,
        steps: [['expired', -remaining * 10_000, { points: remaining }]],
      } as const;
      ledger.end(account, booking, { lotId, points: remaining });
    }
    return ledger;
  }
}

function expired(entry: NewEntry, { expiresAt }: store.EndedLot): OutboxEvent {
  const { account, entryId, memberSeq, points, balanceAfter, sourceId: lotId, postedMs } = entry;
  const { memberId, programmeId } = account;
  const endedAt = expiresAt;
  const postedAt = new Date(postedMs);
  return {
    id: entryId,
    topic: pointsTopic,
    key: memberId,
    type: 'regulars.loyalty.v1.PointsExpired',
    memberSeq,
    payload: PointsExpired.toJSON({
      entryId,
      memberId,
      programmeId,
      memberSeq,
      points: -points,
      balanceAfter,
      lotId,
      endedAt,
      postedAt,
    }) as object,
  };
}

function expiring({ memberId, programmeId, points, firstAt }: store.Ending, until: Date, now: Date): OutboxEvent {
  return {
    id: uuidv7(),
    topic: pointsTopic,
    key: memberId,
    type: 'regulars.loyalty.v1.PointsExpiring',
    payload: PointsExpiring.toJSON({ memberId, programmeId, points, firstAt, until, warnedAt: now }) as object,
  };
}
