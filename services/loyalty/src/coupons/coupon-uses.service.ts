import { Inject, Injectable } from '@nestjs/common';
import type { BasketLine, RefusedCoupon } from '@regulars/contracts/loyalty/v1/coupons';
import type { MemberReference, Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { CLOCK, type Clock, type Once, once } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { BookService } from '../book/book.service.js';
import { HeldLedgers } from '../points/held-ledgers.service.js';
import { PointsService } from '../points/points.service.js';
import { ReceiptsService } from '../receipts/receipts.service.js';
import { cancelling, confirming, type RedemptionState, type Step } from '../redemptions/redemption.js';
import { codeIn } from './code.js';
import { type Applied, allOf, bestFor } from './combine.js';
import { type CouponRow, candidateOf, isRefused, type Occasion, refusedFor, type UseRow } from './coupon.js';
import { couponsUsed } from './coupon-events.js';
import * as uses from './coupon-uses.store.js';
import * as store from './coupons.store.js';

const RELEASED_AT_ONCE = 64;

/** What is on a bill, and whose it is. */
export interface Bill {
  readonly storeId: string;
  readonly tillId: string;
  /** Undefined for a guest without membership. */
  readonly member: MemberReference | undefined;
  readonly lines: readonly BasketLine[];
}

type Nowhere = { readonly outcome: 'refused'; readonly reason: 'TILL_NOT_READY' | 'MEMBER_UNKNOWN' | 'MEMBER_GONE' };
type KeyReused = { readonly outcome: 'refused'; readonly reason: 'IDEMPOTENCY_KEY_REUSED' };

export type Evaluated =
  | {
      readonly outcome: 'evaluated';
      readonly applied: readonly Applied[];
      readonly refused: readonly RefusedCoupon[];
      readonly discountMinor: number;
    }
  | Nowhere;

export type ReservedUse =
  | { readonly outcome: 'done'; readonly use: UseRow; readonly replayed: boolean }
  | { readonly outcome: 'coupons-refused'; readonly refused: readonly RefusedCoupon[]; readonly replayed: boolean }
  | Nowhere
  | KeyReused;

export type ChangedUse =
  | { readonly outcome: 'done'; readonly use: UseRow; readonly replayed: boolean }
  | { readonly outcome: 'wrong-state'; readonly state: RedemptionState }
  | { readonly outcome: 'receipt-refunded' }
  | KeyReused;

type StoredReserve = { readonly useId: string } | { readonly refused: readonly RefusedCoupon[] };
type StoredChange =
  | { readonly step: 'do' | 'done-before' | 'receipt-refunded' }
  | { readonly step: 'refused'; readonly state: RedemptionState };

/** A write to a use that is there. */
export interface ChangingUse {
  readonly caller: string;
  readonly key: string;
  readonly useId: string;
}

/** Coupons used at tills in two phases (requirement L9): held, then used, cancelled or released. */
@Injectable()
export class CouponUses {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly books: BookService,
    private readonly ledgers: HeldLedgers,
    private readonly points: PointsService,
    private readonly receipts: ReceiptsService,
  ) {}

  find(useId: string): Promise<UseRow | undefined> {
    return uses.findUse(this.dataSource.manager, useId);
  }

  /** The best combination of the codes told and of what the member has besides. Changes nothing. */
  async evaluate(bill: Bill, told: readonly string[]): Promise<Evaluated> {
    const occasion = await this.occasionOf(bill);
    if ('outcome' in occasion) return occasion;
    const tx = this.dataSource.manager;
    const { memberId, businessDate } = occasion;
    const own = memberId === undefined ? [] : await store.usableBy(tx, memberId, businessDate);
    const shown = new Set(told.map((code) => codeIn(code) ?? code));
    const also = own.map(({ code }) => code).filter((code) => !shown.has(code));
    const { candidates, refused } = await this.candidates(tx, [...told, ...also], occasion, false);
    const best = bestFor(candidates, bill.lines);
    const left = best.leftOut.map(({ code, reason }) => refusedFor(code, reason));
    const { applied, discountMinor } = best;
    return { outcome: 'evaluated', applied, discountMinor, refused: [...refused, ...left] };
  }

  /** Holds coupons for a bill, all or none. */
  reserve(
    changing: Omit<ChangingUse, 'useId'>,
    bill: Bill,
    codes: readonly string[],
    holdSeconds: number,
  ): Promise<ReservedUse> {
    return this.ledgers.whileMembersMove(() => this.reserveNow(changing, bill, codes, holdSeconds));
  }

  private async reserveNow(
    { caller, key }: Omit<ChangingUse, 'useId'>,
    bill: Bill,
    codes: readonly string[],
    holdSeconds: number,
  ): Promise<ReservedUse> {
    const occasion = await this.occasionOf(bill);
    if ('outcome' in occasion) return occasion;
    const { memberId } = occasion;
    return this.ledgers.under(memberId === undefined ? [] : [memberId], async (tx) => {
      if (memberId !== undefined) await this.ledgers.mustStand(tx, memberId);
      const write = { caller, key, route: 'reserve-coupons', body: { bill, codes, holdSeconds } };
      const done: Once<StoredReserve> = await once(tx, write, () => this.hold(tx, bill, codes, holdSeconds, occasion));
      if (done.outcome === 'refused') return done;
      const { result, replayed } = done;
      if ('refused' in result) return { outcome: 'coupons-refused', refused: result.refused, replayed };
      return { outcome: 'done', use: await this.mustFind(tx, result.useId), replayed };
    });
  }

  /** What was held is used for good, on a receipt where there is one. */
  confirm(changing: ChangingUse, receipt: Receipt | null): Promise<ChangedUse> {
    const body = { useId: changing.useId, receipt };
    return this.change(changing, 'confirm-coupons', body, async (tx, stands) => {
      const step = confirming(stands, receipt);
      if (step !== 'do') return step;
      if (receipt && (await this.receipts.isGivenBack(tx, stands.programmeId, receipt))) return 'receipt-refunded';
      const now = this.clock.now();
      await uses.markUsed(tx, stands.useId, receipt, now);
      await this.ledgers.tell(tx, [couponsUsed(uuidv7(), { ...stands, receipt }, now)]);
      return step;
    });
  }

  /** What was held can be used again. */
  cancel(changing: ChangingUse): Promise<ChangedUse> {
    return this.change(changing, 'cancel-coupons', { useId: changing.useId }, async (tx, stands) => {
      const step = cancelling(stands);
      if (step === 'do') await uses.giveCouponsBack(tx, [stands.useId], 'cancelled', this.clock.now());
      return step;
    });
  }

  /** Lets coupons go whose time limit has passed. Answers how many uses were due. */
  releaseDue(): Promise<number> {
    return this.ledgers.under([], async (tx) => {
      const now = this.clock.now();
      const due = await uses.dueUses(tx, now, RELEASED_AT_ONCE);
      if (due.length > 0) await uses.giveCouponsBack(tx, due, 'released', now);
      return due.length;
    });
  }

  private async hold(
    tx: EntityManager,
    bill: Bill,
    codes: readonly string[],
    holdSeconds: number,
    occasion: Occasion,
  ): Promise<StoredReserve> {
    const { candidates, refused } = await this.candidates(tx, codes, occasion, true);
    if (refused.length > 0) return { refused };
    const { applied, leftOut, discountMinor } = allOf(candidates, bill.lines);
    if (leftOut.length > 0) return { refused: leftOut.map(({ code, reason }) => refusedFor(code, reason)) };
    const now = this.clock.now();
    const useId = uuidv7();
    await uses.insertUse(tx, {
      useId,
      memberId: occasion.memberId ?? null,
      programmeId: occasion.programmeId,
      state: 'reserved',
      applied,
      discountMinor,
      storeId: bill.storeId,
      tillId: bill.tillId,
      businessDate: occasion.businessDate,
      reservedAt: now,
      reservedUntil: new Date(now.getTime() + holdSeconds * 1_000),
      receipt: null,
    });
    return { useId };
  }

  private async candidates(tx: EntityManager, told: readonly string[], occasion: Occasion, lock: boolean) {
    const codes = told.map((code) => codeIn(code));
    const rows = await store.findCoupons(tx, [...new Set(codes.filter((code) => code !== undefined))], lock);
    const byCode = new Map<string | undefined, CouponRow>(rows.map((row) => [row.code, row]));
    const definitions = await store.findDefinitions(tx, [...new Set(rows.map(({ definitionId }) => definitionId))]);
    const { memberId } = occasion;
    const limited = [...definitions.values()].filter(({ terms }) => terms.perPerson > 0);
    const ids = limited.map(({ definitionId }) => definitionId);
    const used =
      memberId !== undefined && ids.length > 0
        ? await store.usedByPerson(tx, memberId, ids)
        : new Map<string, number>();
    const looked = told.map((each, index) => {
      const code = codes[index];
      const row = byCode.get(code);
      const definition = row && definitions.get(row.definitionId);
      const most = definition?.terms.perPerson ?? 0;
      const leftForPerson = most > 0 ? Math.max(0, most - (used.get(definition?.definitionId ?? '') ?? 0)) : undefined;
      return candidateOf({ told: each, code, row, definition, leftForPerson }, occasion);
    });
    return {
      candidates: looked.flatMap((each) => (isRefused(each) ? [] : [each])),
      refused: looked.flatMap((each) => (isRefused(each) ? [each] : [])),
    };
  }

  private async occasionOf({ storeId, tillId, member }: Bill): Promise<Occasion | Nowhere> {
    const ground = (await this.books.recent()).groundToday({ storeId, tillId }, this.clock.now().getTime());
    if (typeof ground !== 'object') return { outcome: 'refused', reason: 'TILL_NOT_READY' };
    const { businessDate, programme } = ground;
    const { programmeId } = programme;
    const at = { programmeId, storeId, businessDate };
    if (!member) return { ...at, memberId: undefined, tier: undefined };
    const found = await this.ledgers.memberBehind(member);
    if (!found) return { outcome: 'refused', reason: 'MEMBER_UNKNOWN' };
    if (found.isGone) return { outcome: 'refused', reason: 'MEMBER_GONE' };
    const { memberId } = found;
    const balance = await this.points.balance(memberId, programmeId);
    const tier = balance.outcome === 'found' ? balance.balance.standing.tier.code : undefined;
    return { ...at, memberId, tier };
  }

  private change(
    { caller, key, useId }: ChangingUse,
    route: string,
    body: object,
    work: (tx: EntityManager, stands: UseRow) => Promise<Step>,
  ): Promise<ChangedUse> {
    return this.ledgers.under([], async (tx) => {
      const done: Once<StoredChange> = await once(tx, { caller, key, route, body }, async () => {
        const stands = await this.mustFind(tx, useId, true);
        const step = await work(tx, stands);
        return step === 'refused' ? { step, state: stands.state } : { step };
      });
      if (done.outcome === 'refused') return done;
      if (done.result.step === 'refused') return { outcome: 'wrong-state', state: done.result.state };
      if (done.result.step === 'receipt-refunded') return { outcome: 'receipt-refunded' };
      const replayed = done.replayed || done.result.step === 'done-before';
      return { outcome: 'done', use: await this.mustFind(tx, useId), replayed };
    });
  }

  private async mustFind(tx: EntityManager, useId: string, lock = false): Promise<UseRow> {
    const use = await uses.findUse(tx, useId, lock);
    if (!use) throw new Error('a use that was just written is not there');
    return use;
  }
}
