import { Injectable } from '@nestjs/common';
import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { v7 as uuidv7 } from 'uuid';
import { couponsReturned } from '../coupons/coupon-events.js';
import { RunAgain } from '../lanes/failure.js';
import type { LaneTransaction } from '../lanes/lane.js';
import type { GivenBackRedemption } from '../redemptions/give-back.js';
import type { Paid, PaidWithCoupons } from './payments.js';
import * as store from './payments.store.js';

/** What receipts were paid with besides money, and how a refund gives it back (requirement L6). */
@Injectable()
export class Payments {
  /** Payments by receipt, with the payers' locks. @throws RunAgain when one was confirmed meanwhile */
  async hold(tx: LaneTransaction, receipts: readonly Receipt[]): Promise<ReadonlyMap<string, Paid>> {
    const { paid, hasMoved } = await store.holdPayments(tx, receipts);
    if (hasMoved) throw new RunAgain('a payment was confirmed while the locks were awaited');
    return paid;
  }

  /** Sends what came back without waiting; the caller commits all or none. */
  record(
    tx: LaneTransaction,
    points: readonly GivenBackRedemption[],
    coupons: readonly PaidWithCoupons[],
    now: string,
  ): Promise<unknown>[] {
    const sent: Promise<unknown>[] = [];
    if (points.length > 0) sent.push(tx.query(store.returnedStatement(points)));
    if (coupons.length > 0) {
      const events = coupons.map((use) => couponsReturned(uuidv7(), use, new Date(now)));
      for (const statement of store.couponStatements(coupons, events, now)) sent.push(tx.query(statement));
    }
    return sent;
  }
}
