import { Inject, Injectable } from '@nestjs/common';
import {
  type Receipt,
  type RefundPurchaseResult,
  RefundRefusal,
  type UnprocessedReason,
} from '@regulars/contracts/loyalty/v1/purchases';
import { Outbox } from '@regulars/messaging';
import { CLOCK, type Clock } from '@regulars/service';
import { v7 as uuidv7 } from 'uuid';
import type { Book } from '../book/book.js';
import { BookService } from '../book/book.service.js';
import { WatchService } from '../holds/watch.service.js';
import { RunAgain } from '../lanes/failure.js';
import type { BatchKind, LaneTransaction } from '../lanes/lane.js';
import { Payments } from '../payments/payments.service.js';
import { LedgerService } from '../points/ledger.service.js';
import type { ToRefund } from '../points/refund.js';
import { receiptKey } from '../receipts/receipt.js';
import { ReceiptsService } from '../receipts/receipts.service.js';
import { pointsReturned } from '../redemptions/redemption-events.js';
import { type DecidedRefunds, decideRefunds, type Refunding } from './decide-refunds.js';
import { pointsTakenBack } from './points-taken-back.js';
import type { RefundContent } from './refund-receipt.js';
import { refundRefused, refundUnprocessed } from './refund-result.js';
import { holdPurchases, recordRefunds } from './refunds.store.js';

/** A well-formed refund that its principal may post, or one that waited for its purchase. */
export interface IncomingRefund {
  readonly caller: string;
  readonly key: string | undefined;
  readonly receipt: Receipt;
  readonly purchase: Receipt;
  readonly rungMs: number;
  readonly lines: ToRefund;
  readonly content: RefundContent;
  readonly traceparent: string | undefined;
  readonly waitingId: string | undefined;
}

/** Books a batch of refunds: one transaction, two round trips, the same order of locks as purchases. */
@Injectable()
export class RefundBatches implements BatchKind<IncomingRefund, RefundPurchaseResult> {
  readonly name = 'refund';

  constructor(
    private readonly books: BookService,
    private readonly ledger: LedgerService,
    private readonly receipts: ReceiptsService,
    private readonly payments: Payments,
    private readonly watches: WatchService,
    private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  unprocessed(reason: UnprocessedReason): RefundPurchaseResult {
    return refundUnprocessed(reason);
  }

  async run(tx: LaneTransaction, items: readonly IncomingRefund[]): Promise<RefundPurchaseResult[]> {
    const book = await this.books.knowing(items.map(({ receipt }) => receipt));
    const grounds = items.map((item) => groundOf(item, book));
    const refundings = grounds.filter((ground) => typeof ground === 'object');
    const decided = refundings.length > 0 ? await this.book(tx, book, refundings) : undefined;
    let next = 0;
    return grounds.map((ground) => {
      if (typeof ground !== 'object') return refundRefused(ground);
      next += 1;
      return decided?.results[next - 1] as RefundPurchaseResult;
    });
  }

  private async book(tx: LaneTransaction, book: Book, refundings: readonly Refunding[]): Promise<DecidedRefunds> {
    tx.begin();
    const { revision, items, hasMoved } = await holdPurchases(tx, refundings);
    if (revision !== book.revision) await this.books.refresh();
    if (hasMoved || revision !== book.revision) throw new RunAgain('what the refunds relied on has changed');
    const paid = await this.payments.hold(
      tx,
      refundings.map(({ purchase }) => purchase),
    );
    const held = items.map((item, index) => {
      const refunding = refundings[index] as Refunding;
      return { refunding, held: { ...item, paid: paid.get(receiptKey(refunding.purchase)) } };
    });
    const now = this.clock.now();
    const decided = decideRefunds(held, book, { nowMs: now.getTime(), newId: uuidv7 });
    await this.commit(tx, decided, now.toISOString());
    return decided;
  }

  private async commit(tx: LaneTransaction, decided: DecidedRefunds, now: string): Promise<void> {
    const events = eventsOf(decided);
    const rows = { keys: keysOf(decided), conflicts: decided.conflicts.map(conflictOf) };
    const sent = [
      ...this.receipts.record(tx, 'refund', rows, now),
      ...recordRefunds(tx, decided, now),
      ...this.payments.record(tx, decided.returned, decided.couponsBack, now),
      ...this.watches.record(tx, [], decided.movements, now),
      ...this.ledger.record(tx, decided.ledger, events),
    ];
    if (sent.length === 0 && decided.results.some(({ replayed }) => replayed)) sent.push(this.receipts.markReplay(tx));
    await tx.commit(sent);
    if (events.length + decided.couponsBack.length > 0) this.outbox.wake();
  }
}

/** Events of entries in the order in which they were booked. */
function eventsOf({ applied, returned, ledger }: DecidedRefunds) {
  const places = new Map(ledger.entries.map((entry, place) => [entry.entryId, place]));
  return [...applied.map(pointsTakenBack), ...returned.map(pointsReturned)].sort(
    (one, other) => (places.get(one.id) ?? 0) - (places.get(other.id) ?? 0),
  );
}

function groundOf(item: IncomingRefund, book: Book): Refunding | RefundRefusal {
  const ground = book.groundOf(item.receipt);
  return typeof ground === 'object' ? { ...item, ground } : RefundRefusal.UNKNOWN_TILL;
}

function keysOf({ keys }: DecidedRefunds) {
  return keys.map(({ refunding, result }) => ({
    caller: refunding.caller,
    key: refunding.key ?? '',
    fingerprint: refunding.content.bodyFingerprint,
    result: JSON.stringify(result),
  }));
}

function conflictOf({ ground, receipt, purchase, content, rungMs, lines }: Refunding) {
  return {
    programmeId: ground.programme.programmeId,
    receipt,
    fingerprint: content.bodyFingerprint,
    body: JSON.stringify({ purchase, rungAt: new Date(rungMs).toISOString(), lines }),
  };
}
