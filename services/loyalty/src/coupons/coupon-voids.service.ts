import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, cutPage, type Once, once, type Page } from '@regulars/service';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { HeldLedgers } from '../points/held-ledgers.service.js';
import { daysApart, isDate } from '../programmes/calendar.js';
import { codeIn } from './code.js';
import type { CouponRow, CouponState } from './coupon.js';
import { couponVoided } from './coupon-events.js';
import * as voids from './coupon-voids.store.js';
import * as store from './coupons.store.js';

/** A coupon that somebody makes void. */
export interface Voiding {
  readonly caller: string;
  readonly key: string;
  readonly code: string;
  readonly reason: string;
}

export type Voided =
  | { readonly outcome: 'done'; readonly coupon: CouponRow; readonly replayed: boolean }
  | { readonly outcome: 'wrong-state'; readonly state: CouponState }
  | { readonly outcome: 'refused'; readonly reason: 'COUPON_UNKNOWN' | 'IDEMPOTENCY_KEY_REUSED' };

type Stored =
  | { readonly code: string; readonly isNew: boolean }
  | { readonly state: CouponState }
  | { readonly reason: 'COUPON_UNKNOWN' };

const MOST_DAYS = 366;

/** Whether a report may be asked for from one business date to the other. */
export function isPeriod(from: string, until: string): boolean {
  return isDate(from) && isDate(until) && from <= until && daysApart(from, until) <= MOST_DAYS;
}

/** Coupons made void, and how the others were used (requirement L9). */
@Injectable()
export class CouponVoids {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly ledgers: HeldLedgers,
  ) {}

  /** Makes a coupon void for good. One that a till holds or that was used stays what it is. */
  void({ caller, key, code: told, reason }: Voiding): Promise<Voided> {
    const write = { caller, key, route: 'void-coupon', body: { told, reason } };
    return this.ledgers.under([], async (tx) => {
      const done: Once<Stored> = await once(tx, write, async () => {
        const code = codeIn(told);
        const [coupon] = code === undefined ? [] : await store.findCoupons(tx, [code], true);
        if (!coupon) return { reason: 'COUPON_UNKNOWN' };
        if (coupon.state === 'void') return { code: coupon.code, isNew: false };
        if (coupon.state !== 'issued') return { state: coupon.state };
        const now = this.clock.now();
        await voids.markVoid(tx, coupon.code, { reason, by: caller, now });
        await this.ledgers.tell(tx, [couponVoided(uuidv7(), coupon, now)]);
        return { code: coupon.code, isNew: true };
      });
      if (done.outcome === 'refused') return done;
      const { result } = done;
      if ('reason' in result) return { outcome: 'refused', reason: result.reason };
      if ('state' in result) return { outcome: 'wrong-state', state: result.state };
      const [coupon] = await store.findCoupons(tx, [result.code]);
      if (!coupon) throw new Error('a coupon that was just read is not there');
      return { outcome: 'done', coupon, replayed: done.replayed || !result.isNew };
    });
  }

  /** How coupons were used in a period, by store and kind. */
  async usage(asked: Omit<voids.UsageAsked, 'after' | 'limit'>, { limit, after }: Page) {
    const from = after as readonly [string, string] | undefined;
    const rows = await voids.usageAfter(this.dataSource.manager, { ...asked, after: from, limit });
    return cutPage(rows, limit, ({ storeId, definitionId }) => [storeId, definitionId]);
  }
}
