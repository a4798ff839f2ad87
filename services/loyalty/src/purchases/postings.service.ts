import { Inject, Injectable } from '@nestjs/common';
import type {
  PostPurchaseResult,
  Purchase,
  Receipt,
  UnprocessedReason,
} from '@regulars/contracts/loyalty/v1/purchases';
import { Outbox } from '@regulars/messaging';
import { CLOCK, type Clock } from '@regulars/service';
import { v7 as uuidv7 } from 'uuid';
import { BirthdayDays } from '../birthdays/birthday-days.service.js';
import type { Book } from '../book/book.js';
import { BookService } from '../book/book.service.js';
import { Watch } from '../holds/watch.js';
import { type Watched, WatchService } from '../holds/watch.service.js';
import { RunAgain } from '../lanes/failure.js';
import type { BatchKind, LaneTransaction } from '../lanes/lane.js';
import { commitSeconds, decideSeconds } from '../lanes/lane.ops.js';
import { LedgerService } from '../points/ledger.service.js';
import { ReceiptsService } from '../receipts/receipts.service.js';
import { StandingsService } from '../tiers/standings.service.js';
import type { Content } from './content.js';
import { type Decided, decidePurchases, type HeldPosting, type Posting } from './decide-purchases.js';
import { pointsEarned } from './points-earned.js';
import { currentRevision, holdMembers, recordPurchases } from './purchases.store.js';
import { refused, unprocessed } from './result.js';

/** A well-formed purchase that its principal may post. */
export interface Incoming {
  readonly caller: string;
  readonly key: string | undefined;
  readonly purchase: Purchase;
  readonly receipt: Receipt;
  readonly rungMs: number;
  readonly content: Content;
  readonly traceparent: string | undefined;
}

/** Books a batch of purchases: one transaction, two round trips (architecture: the purchase path, 3). */
@Injectable()
export class Postings implements BatchKind<Incoming, PostPurchaseResult> {
  readonly name = 'purchase';

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

  unprocessed(reason: UnprocessedReason): PostPurchaseResult {
    return unprocessed(reason);
  }

  async run(tx: LaneTransaction, items: readonly Incoming[]): Promise<PostPurchaseResult[]> {
    const book = this.books.current();
    const { results, postings, places } = grounded(items, book);
    tx.begin();
    const { held, watch } = await this.hold(tx, book, postings);
    const decided = this.decide(held, watch, book);
    await this.commit(tx, decided);
    decided.results.forEach((result, index) => {
      results[places[index] as number] = result;
    });
    return results;
  }

  private async hold(tx: LaneTransaction, book: Book, postings: readonly Posting[]) {
    if (postings.length === 0) {
      if ((await currentRevision(tx)) !== book.revision) await this.refresh();
      return { held: [], watch: new Watch([]) };
    }
    const [{ revision, items, wasMerged }, kept, watch, birthdays] = await Promise.all([
      holdMembers(tx, 'purchase', postings),
      this.standings.keptTiers(tx, postings),
      this.watches.around(tx, postings.map(watchedOf)),
      this.birthdays.among(tx, postings),
    ]);
    if (revision !== book.revision) await this.refresh();
    if (wasMerged) throw new RunAgain('a member was merged while its lock was awaited');
    const held = items.map((each, index) => ({
      posting: postings[index] as Posting,
      held: each,
      keptTier: kept[index],
      isBirthday: birthdays[index] ?? false,
    }));
    return { held, watch };
  }

  private async refresh(): Promise<never> {
    await this.books.refresh();
    throw new RunAgain('programmes, stores or tills have changed');
  }

  private decide(held: readonly HeldPosting[], watch: Watch, book: Book): Decided {
    const began = performance.now();
    const decided = decidePurchases(held, book, watch, { nowMs: this.clock.now().getTime(), newId: uuidv7 });
    decideSeconds.observe((performance.now() - began) / 1_000);
    return decided;
  }

  private async commit(tx: LaneTransaction, decided: Decided): Promise<void> {
    const began = performance.now();
    const events = decided.earned.map(({ entry, tier, posting }) => {
      const { receipt, rungMs, traceparent, purchase, content } = posting;
      return pointsEarned(entry, tier, {
        ...purchase,
        receipt,
        rungMs,
        traceparent,
        linesJson: content.lines,
        givenBack: [],
      });
    });
    const now = this.clock.now().toISOString();
    const rows = { keys: keysOf(decided), conflicts: decided.conflicts.map(conflictOf) };
    const sent = [
      ...this.receipts.record(tx, 'purchase', rows, now),
      ...recordPurchases(tx, decided, now),
      ...this.watches.record(tx, decided.holds, decided.movements, now),
      ...this.ledger.record(tx, decided.ledger, events),
    ];
    if (sent.length === 0 && decided.results.some(({ replayed }) => replayed)) sent.push(this.receipts.markReplay(tx));
    await tx.commit(sent);
    commitSeconds.observe((performance.now() - began) / 1_000);
    if (events.length > 0 || decided.holds.length > 0) this.outbox.wake();
  }
}

/** Splits what can be decided under locks from what cannot: its store, till or programme is not known. */
function grounded(items: readonly Incoming[], book: Book) {
  const results = new Array<PostPurchaseResult>(items.length);
  const postings: Posting[] = [];
  const places: number[] = [];
  items.forEach((item, index) => {
    const ground = book.groundOf(item.receipt);
    if (typeof ground === 'number') {
      results[index] = refused(ground);
      return;
    }
    const { caller, key, purchase, receipt, rungMs, content, traceparent } = item;
    postings.push({ caller, key, purchase, receipt, reference: purchase.member, rungMs, content, traceparent, ground });
    places.push(index);
  });
  return { results, postings, places };
}

function keysOf({ keys }: Decided) {
  return keys.map(({ posting, result }) => ({
    caller: posting.caller,
    key: posting.key ?? '',
    fingerprint: posting.content.bodyFingerprint,
    result: JSON.stringify(result),
  }));
}

function watchedOf({ reference, receipt, rungMs, ground }: Posting): Watched {
  const { programme, policy } = ground;
  const { programmeId } = programme;
  return { reference, tillId: receipt.tillId, rungMs, programmeId, limits: policy.holdLimits };
}

/** What a reconciler needs to see of a body that was not taken. */
function conflictOf({ purchase, receipt, content, rungMs, ground }: Posting) {
  const { currency, totalMinor, channel, partySize } = purchase;
  const head = { rungAt: new Date(rungMs).toISOString(), currency, totalMinor, channel, partySize };
  return {
    programmeId: ground.programme.programmeId,
    receipt,
    fingerprint: content.bodyFingerprint,
    body: `{"head":${JSON.stringify(head)},"lines":${content.lines},"payments":${content.payments}}`,
  };
}
