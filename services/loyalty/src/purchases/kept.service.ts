import { Inject, Injectable } from '@nestjs/common';
import type { MemberReference, Receipt, UnprocessedReason } from '@regulars/contracts/loyalty/v1/purchases';
import { Outbox } from '@regulars/messaging';
import { CLOCK, type Clock } from '@regulars/service';
import { v7 as uuidv7 } from 'uuid';
import { BirthdayDays } from '../birthdays/birthday-days.service.js';
import type { Book } from '../book/book.js';
import { BookService } from '../book/book.service.js';
import { type Watched, WatchService } from '../holds/watch.service.js';
import { RunAgain } from '../lanes/failure.js';
import type { BatchKind, LaneTransaction } from '../lanes/lane.js';
import { LedgerService } from '../points/ledger.service.js';
import { receiptKey } from '../receipts/receipt.js';
import { ReceiptsService } from '../receipts/receipts.service.js';
import { StandingsService } from '../tiers/standings.service.js';
import {
  type CreditedKept,
  type DecidedKept,
  decideKept,
  type HeldKept,
  type Keeping,
  type KeptOutcome,
} from './decide-kept.js';
import { lockKept, recordKept } from './kept.store.js';
import { pointsEarned } from './points-earned.js';
import { holdMembers } from './purchases.store.js';

/** A kept purchase that should be credited now. */
export type IncomingKept = Omit<Keeping, 'ground'> & { readonly receipt: Receipt; readonly reference: MemberReference };

/** What became of one, or why it was not tried. */
export type KeptAnswer = KeptOutcome | { readonly outcome: 'unprocessed'; readonly reason: UnprocessedReason };

/** Credits a batch of kept purchases: one transaction, two round trips. */
@Injectable()
export class KeptPurchases implements BatchKind<IncomingKept, KeptAnswer> {
  readonly name = 'credit';

  constructor(
    private readonly books: BookService,
    private readonly ledger: LedgerService,
    private readonly receipts: ReceiptsService,
    private readonly outbox: Outbox,
    private readonly standings: StandingsService,
    private readonly watches: WatchService,
    private readonly birthdays: BirthdayDays,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  unprocessed(reason: UnprocessedReason): KeptAnswer {
    return { outcome: 'unprocessed', reason };
  }

  async run(tx: LaneTransaction, items: readonly IncomingKept[]): Promise<KeptAnswer[]> {
    const book = await this.books.knowing(items.map(({ receipt }) => receipt));
    const answers: KeptAnswer[] = items.map(() => ({ outcome: 'refused', reason: 'NOT_FOUND' }));
    const keepings = items.flatMap((item, place) => {
      const ground = book.groundOf(item.receipt);
      return typeof ground === 'object' ? [{ place, keeping: { ...item, ground } }] : [];
    });
    if (keepings.length === 0) return answers;
    // Locked in this order, so that two batches with the same purchases wait for each other.
    keepings.sort((a, b) => (receiptKey(a.keeping.receipt) < receiptKey(b.keeping.receipt) ? -1 : 1));
    const { outcomes } = await this.book(tx, book, keepings);
    keepings.sort(byPlace).forEach(({ place }, index) => {
      answers[place] = outcomes[index] as KeptOutcome;
    });
    return answers;
  }

  /** Locks in the order given, decides in the order of the places. */
  private async book(tx: LaneTransaction, book: Book, placed: readonly Placed[]): Promise<DecidedKept> {
    const keepings = placed.map(({ keeping }) => keeping);
    tx.begin();
    const [{ revision, items, wasMerged }, kept, tiers, birthdays] = await Promise.all([
      holdMembers(tx, 'claim', keepings),
      lockKept(tx, keepings),
      this.standings.keptTiers(tx, keepings),
      this.birthdays.among(tx, keepings),
    ]);
    if (revision !== book.revision) await this.books.refresh();
    if (wasMerged || revision !== book.revision) throw new RunAgain('what the credits relied on has changed');
    const held = placed
      .map(({ keeping, place }, index) => ({
        place,
        keeping,
        held: items[index] as (typeof items)[0],
        keptTier: tiers[index],
        isBirthday: birthdays[index] ?? false,
        kept: kept[index],
      }))
      .sort(byPlace);
    const watch = await this.watches.around(tx, held.map(watchedOf));
    const now = this.clock.now();
    const decided = decideKept(held, book, watch, { nowMs: now.getTime(), newId: uuidv7 });
    await this.commit(tx, decided, now.toISOString());
    return decided;
  }

  private async commit(tx: LaneTransaction, decided: DecidedKept, now: string): Promise<void> {
    const events = decided.credited.map(eventOf);
    const keys = decided.keys.map(({ keeping, result }) => ({
      caller: keeping.caller,
      key: keeping.key ?? '',
      fingerprint: keeping.content.bodyFingerprint,
      result: JSON.stringify(result),
    }));
    const sent = [
      ...this.receipts.record(tx, 'claim', { keys, conflicts: [] }, now),
      ...recordKept(tx, decided, now),
      ...this.watches.record(tx, decided.holds, decided.movements, now),
      ...this.ledger.record(tx, decided.ledger, events),
    ];
    const isReplay = decided.outcomes.some((each) => each.outcome === 'answered' && each.replayed);
    if (sent.length === 0 && isReplay) sent.push(this.receipts.markReplay(tx));
    await tx.commit(sent);
    if (events.length > 0 || decided.holds.length > 0) this.outbox.wake();
  }
}

/** A keeping and where it stands among the items of its batch. */
interface Placed {
  readonly place: number;
  readonly keeping: Keeping;
}

function byPlace(one: { readonly place: number }, other: { readonly place: number }): number {
  return one.place - other.place;
}

/** When it was rung up is known only now: where purchases are watched this is a round trip of its own. */
function watchedOf({ keeping, kept }: HeldKept): Watched {
  const { reference, receipt, ground } = keeping;
  const { programme, policy } = ground;
  const isWatched = kept?.state === 'pending' && (kept.result.o !== 'pending' || !kept.result.released);
  return {
    reference,
    tillId: receipt.tillId,
    rungMs: kept?.rungMs ?? 0,
    programmeId: programme.programmeId,
    limits: isWatched ? policy.holdLimits : undefined,
  };
}

function eventOf({ keeping, kept, entry, result }: CreditedKept) {
  const { receipt, ground } = keeping;
  const { currency } = ground.programme;
  const linesJson = JSON.stringify(kept.lines);
  const givenBack = kept.refunded.flatMap((back, line) =>
    back.quantityMilli + back.amountMinor > 0 ? [{ line, ...back }] : [],
  );
  return pointsEarned(entry, result.tier[0], {
    ...kept,
    receipt,
    traceparent: undefined,
    currency,
    linesJson,
    givenBack,
  });
}
