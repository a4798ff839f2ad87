import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import type { Book } from '../book/book.js';
import { BookService } from '../book/book.service.js';
import { HeldLedgers } from '../points/held-ledgers.service.js';
import { type AccountState, LedgerBatch, type OpenAccount } from '../points/ledger.js';
import { type MovedTier, TiersService } from '../tiers/tiers.service.js';
import type { Before, ProgrammeBefore } from './before.js';
import { higherTier, isSameTier } from './kept-tier.js';
import { mergeBooked, pointsMerged, unmergeBooked } from './merge-events.js';
import * as store from './merges.store.js';
import { names } from './naming.js';
import { part, renamed } from './unmerge.js';

const MOST = 20;

/** A merge as members ordered it, or ordered to undo it. */
export type MergeOrder = store.KeptOrder;
type Pair = Omit<MergeOrder, 'isUndo'>;

type Undoing = store.MergeRow & { readonly before: Before };

/** What the undoing of a merge comes to, over all programmes. */
interface Undone {
  readonly ledger: LedgerBatch;
  readonly days: store.DayChange[];
  readonly tiers: MovedTier[];
  exact: boolean;
  compensatedPoints: number;
  owedPoints: number;
}

/**
 * Points of members who are one person (requirements M5, L4). Both members' locks are held from before anything is read,
 * so that a purchase for either of them is booked before and goes along, or after for who is left.
 */
@Injectable()
export class MergesService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly books: BookService,
    private readonly ledgers: HeldLedgers,
    private readonly tiers: TiersService,
  ) {}

  /** Keeps what was ordered. Safe to repeat. */
  async keep(tx: EntityManager, orders: readonly MergeOrder[]): Promise<void> {
    if (orders.length > 0) await store.keepOrders(tx, orders);
  }

  /**
   * Carries out what was ordered, one merge in each transaction; what a kill leaves is due again. Safe on several
   * replicas at once. Answers how many.
   */
  async carryOutDue(): Promise<number> {
    const due = await store.dueMerges(this.dataSource.manager, MOST);
    if (due.length === 0) return 0;
    const book = await this.books.recent();
    for (const { mergeId, survivorId, mergedId } of due) {
      await this.ledgers.under([survivorId, mergedId], async (tx) => {
        const row = await store.lockMerge(tx, mergeId);
        if (row.state === 'ordered') await this.merge(tx, row, book);
        else if (row.state === 'booked' && row.isUndoOrdered && row.before)
          await this.undo(tx, { ...row, before: row.before }, book);
      });
    }
    return due.length;
  }

  private async merge(tx: EntityManager, row: store.MergeRow, book: Book): Promise<void> {
    const { mergeId, survivorId, mergedId } = row;
    const now = this.clock.now();
    const read = await this.readBoth(tx, row);
    const lots = await store.moveLots(tx, mergedId, survivorId);
    const days = await store.moveDays(tx, mergedId, survivorId);
    const ledger = new LedgerBatch(now.getTime());
    const programmes = read.programmes.map((programmeId): ProgrammeBefore => {
      const { survivor, merged, survivorTier, mergedTier } = read.of(programmeId);
      if (merged.memberSeq > 0) this.move(ledger, row, programmeId, read.of(programmeId), book);
      return {
        programmeId,
        survivorSeq: survivor.memberSeq,
        survivorDebt: survivor.debt,
        mergedDebt: merged.debt,
        lots: lots.filter((lot) => lot.programmeId === programmeId).map(({ lotId, spent }) => [lotId, spent]),
        days: days
          .filter((day) => day.programmeId === programmeId)
          .map(({ businessDate, points, spentMinor }) => [businessDate, points, spentMinor]),
        survivorTier,
        mergedTier,
        keptTier: higherTier(
          book.policiesAt(now.getTime()).get(programmeId)?.policy.tiers ?? [],
          survivorTier,
          mergedTier,
        ),
      };
    });
    const before: Before = { programmes, ...(await store.moveOthers(tx, mergedId, survivorId)) };
    const told = mergeBooked(uuidv7(), { mergeId, bookedAt: now });
    await this.ledgers.record(
      tx,
      ledger,
      ledger.entries.map((entry) => pointsMerged(entry, mergeId)),
    );
    await this.ledgers.tell(tx, [told]);
    const changed = programmes.filter(({ mergedTier }) => mergedTier !== null);
    const tiers = changed.flatMap(({ programmeId, keptTier, survivorTier, mergedTier }) => [
      { memberId: survivorId, programmeId, kept: keptTier, before: survivorTier, isTold: true },
      { memberId: mergedId, programmeId, kept: null, before: mergedTier, isTold: false },
    ]);
    await this.tiers.keepOthers(tx, tiers, 'merged');
    await store.markBooked(tx, mergeId, before, now);
  }

  /** Everything that the merged member has, or owes, is the survivor's: two entries that come to nothing. */
  private move(ledger: LedgerBatch, row: Pair, programmeId: string, held: Both, book: Book): void {
    const merged = ledger.account(programmeId, row.mergedId, held.merged);
    const survivor = ledger.account(programmeId, row.survivorId, held.survivor);
    const { balance } = merged;
    survivor.debt += merged.debt;
    merged.debt = 0;
    survivor.nextExpiryMs = earliest(survivor.nextExpiryMs, merged.nextExpiryMs);
    merged.nextExpiryMs = undefined;
    ledger.book(merged, this.booking(row.mergeId, 'out', programmeId, -balance, book), -balance);
    ledger.book(survivor, this.booking(row.mergeId, 'in', programmeId, balance, book), balance);
  }

  private async undo(tx: EntityManager, row: Undoing, book: Book): Promise<void> {
    const { mergeId, survivorId, mergedId, before } = row;
    const now = this.clock.now();
    const read = await this.readBoth(tx, row);
    const theirs = await this.boughtSince(tx, row);
    const days = theirs.map(({ programmeId, businessDate, dayPoints: points, dayMinor: spentMinor }) => ({
      programmeId,
      businessDate,
      points,
      spentMinor,
    }));
    const undone: Undone = {
      ledger: new LedgerBatch(now.getTime()),
      days: days.flatMap((day) => goesBack(row, day)),
      tiers: [],
      exact: true,
      compensatedPoints: 0,
      owedPoints: 0,
    };
    for (const programmeId of read.programmes) {
      const earned = theirs.filter((each) => each.programmeId === programmeId && each.kind === 'earn');
      const lotIds = earned.map(({ entryId }) => entryId);
      await this.undoIn(tx, undone, row, { programmeId, lotIds, held: read.of(programmeId), book });
    }
    const coupons = await store.returnOthers(tx, row, before);
    undone.exact &&= coupons === before.coupons.length;
    await this.ledgers.record(
      tx,
      undone.ledger,
      undone.ledger.entries.map((entry) => pointsMerged(entry, mergeId)),
    );
    await store.addToDays(tx, undone.days);
    await this.tiers.keepOthers(tx, undone.tiers, 'unmerged');
    const { exact, compensatedPoints, owedPoints } = undone;
    const booked = { mergeId, exact, compensatedPoints, owedPoints, bookedAt: now };
    await this.ledgers.tell(tx, [unmergeBooked(uuidv7(), booked)]);
    await store.markUndone(tx, mergeId, now);
    await store.setNextEnds(tx, [survivorId, mergedId]);
    await store.namesChanged(tx);
  }

  private async undoIn(
    tx: EntityManager,
    undone: Undone,
    row: Undoing,
    { programmeId, lotIds, held, book }: InProgramme,
  ): Promise<void> {
    const { mergeId, survivorId, mergedId } = row;
    const before = row.before.programmes.find((each) => each.programmeId === programmeId) ?? nothingBefore(programmeId);
    const ids = new Set([...before.lots.map(([lotId]) => lotId), ...lotIds]);
    if (ids.size === 0 && before.mergedTier === null && before.days.length === 0 && before.mergedDebt === 0) return;
    const nowMs = this.clock.now().getTime();
    const lots = await store.standingLots(tx, survivorId, programmeId);
    const theirLots = lots.filter(({ lotId }) => ids.has(lotId));
    const ownLots = lots.filter(({ lotId, remaining }) => !ids.has(lotId) && remaining > 0);
    const parting = part(before, { debt: held.survivor.debt, theirLots, ownLots }, nowMs);
    const { ledger } = undone;
    const survivor = ledger.account(programmeId, survivorId, held.survivor);
    const merged = ledger.account(programmeId, mergedId, held.merged);
    survivor.debt += parting.owed - parting.debt;
    merged.debt = parting.debt;
    for (const { lotId, points } of parting.fromOwnLots) {
      ledger.lotChanges.push({ lotId, account: survivor, taken: points, forgiven: 0, spent: points });
    }
    ledger.book(survivor, this.booking(mergeId, 'back-out', programmeId, -parting.points, book), -parting.points);
    ledger.book(merged, this.booking(mergeId, 'back-in', programmeId, parting.points, book), parting.points);
    const madeGood = parting.madeGood.map((lot) => ({ ...lot, renamedTo: uuidv5(`${mergeId} ${lot.lotId}`, NAMES) }));
    await this.rename(tx, survivorId, row.before, madeGood);
    await store.returnLots(
      tx,
      row,
      programmeId,
      theirLots.map(({ lotId }) => lotId),
      madeGood,
    );
    undone.days.push(
      ...before.days.flatMap(([businessDate, points, spentMinor]) =>
        goesBack(row, { programmeId, businessDate, points, spentMinor }),
      ),
    );
    if (isSameTier(held.survivorTier, before.keptTier)) {
      const [kept, since] = [before.survivorTier, held.survivorTier];
      undone.tiers.push({ memberId: survivorId, programmeId, kept, before: since, isTold: true });
    }
    undone.tiers.push({ memberId: mergedId, programmeId, kept: before.mergedTier, before: null, isTold: false });
    undone.exact &&= parting.isExact;
    undone.compensatedPoints += parting.madeGood.reduce((sum, { points }) => sum + points, 0);
    undone.owedPoints += parting.owed;
  }

  /** What the survivor redeemed out of lots that go back came out of lots of her own, so that it can be given back. */
  private async rename(
    tx: EntityManager,
    survivorId: string,
    before: Before,
    madeGood: readonly store.MadeGood[],
  ): Promise<void> {
    if (madeGood.length === 0) return;
    const to = new Map(madeGood.map(({ lotId, renamedTo }) => [lotId, renamedTo]));
    const rows = await store.redemptionsFrom(tx, survivorId, [...to.keys()]);
    const since = rows.filter(({ redemptionId }) => !before.redemptions.includes(redemptionId));
    const changed = since.map(({ redemptionId, fromLots }) => {
      const lots = fromLots.map(([lotId, points, ends]) => ({ lotId, points, expiresMs: ends ?? undefined }));
      const own = renamed(lots, to).map(({ lotId, points, expiresMs }) => [lotId, points, expiresMs ?? null]);
      return { redemptionId, fromLots: own };
    });
    await store.setFromLots(tx, changed);
  }

  /** Purchases since the merge for which the merged member was named, and what was taken back of hers. */
  private async boughtSince(tx: EntityManager, row: Undoing): Promise<store.BookedPurchase[]> {
    const seqs = new Map(row.before.programmes.map(({ programmeId, survivorSeq }) => [programmeId, survivorSeq]));
    const [named, booked] = [await store.namedMembers(tx, row.before.members), await store.bookedSince(tx, row, seqs)];
    return booked.filter((purchase) => names(purchase, named));
  }

  private async readBoth(tx: EntityManager, { survivorId, mergedId }: Pair) {
    const programmes = await store.programmesOf(tx, [survivorId, mergedId]);
    const keys = programmes.flatMap((programmeId) =>
      [survivorId, mergedId].map((memberId) => ({ memberId, programmeId })),
    );
    const accountOf = await this.ledgers.accounts(tx, keys);
    const tierOf = await this.tiers.keptBy(tx, keys);
    const of = (programmeId: string): Both => {
      const [survivor, merged] = [
        { memberId: survivorId, programmeId },
        { memberId: mergedId, programmeId },
      ];
      return {
        survivor: accountOf(survivor),
        merged: accountOf(merged),
        survivorTier: tierOf(survivor),
        mergedTier: tierOf(merged),
      };
    };
    return { programmes, of };
  }

  private booking(mergeId: string, way: string, programmeId: string, points: number, book: Book) {
    const nowMs = this.clock.now().getTime();
    return {
      entryId: uuidv5(`${mergeId} ${way} ${programmeId}`, NAMES),
      kind: 'merge',
      sourceId: mergeId,
      storeId: undefined,
      businessDate: book.todayOf(programmeId, nowMs),
      programmeVersion: book.policiesAt(nowMs).get(programmeId)?.policy.version ?? 0,
      steps: [['merged', points * 10_000, { points }]],
    } as const;
  }
}

/** Names entries and lots that follow from a merge: UUIDv5, so that none is booked twice. */
const NAMES = '8d1b6a0e-54c7-4b62-9f3e-2a7c90d1e6f8';

/** Accounts and tiers of both members in a programme. */
interface Both {
  readonly survivor: AccountState;
  readonly merged: AccountState;
  readonly survivorTier: ProgrammeBefore['survivorTier'];
  readonly mergedTier: ProgrammeBefore['mergedTier'];
}

interface InProgramme {
  readonly programmeId: string;
  /** Lots of purchases since for which the merged member was named. */
  readonly lotIds: readonly string[];
  readonly held: Both;
  readonly book: Book;
}

function nothingBefore(programmeId: string): ProgrammeBefore {
  const none = { lots: [], days: [], survivorTier: null, mergedTier: null, keptTier: null };
  return { programmeId, survivorSeq: 0, survivorDebt: 0, mergedDebt: 0, ...none };
}

function goesBack({ survivorId, mergedId }: Pair, day: Omit<store.DayChange, 'memberId'>): store.DayChange[] {
  const { points, spentMinor } = day;
  return [
    { ...day, memberId: mergedId },
    { ...day, memberId: survivorId, points: -points, spentMinor: -spentMinor },
  ];
}

function earliest(one: OpenAccount['nextExpiryMs'], other: OpenAccount['nextExpiryMs']) {
  return one === undefined ? other : Math.min(one, other ?? one);
}
