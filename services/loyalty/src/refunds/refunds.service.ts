import { Inject, Injectable } from '@nestjs/common';
import type { RefundPurchaseResult } from '@regulars/contracts/loyalty/v1/purchases';
import { CLOCK, type Clock } from '@regulars/service';
import { DataSource } from 'typeorm';
import { Lanes, type Submission } from '../lanes/lanes.service.js';
import { receiptKey } from '../receipts/receipt.js';
import { type IncomingRefund, RefundBatches } from './refund-batches.service.js';
import { type DueRefund, leaseDue, postpone } from './waiting-refunds.store.js';

const MOST = 128;
const LEASE_MS = 30_000;

/** Refunds and exchanges (退换, requirement L6). */
@Injectable()
export class RefundsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly lanes: Lanes,
    private readonly batches: RefundBatches,
  ) {}

  /** Every refund by itself, in order; undefined, and nothing is taken, when there is no room to wait. */
  post(refunds: readonly Submission<IncomingRefund>[]): Promise<RefundPurchaseResult[]> | undefined {
    return this.lanes.submit(this.batches, refunds);
  }

  /** Applies refunds whose purchase has come; the others become due later. Answers how many were tried. */
  async applyDue(): Promise<number> {
    const now = this.clock.now();
    const due = await leaseDue(this.dataSource.manager, now, new Date(now.getTime() + LEASE_MS), MOST);
    if (due.length === 0) return 0;
    const deadlineMs = now.getTime() + LEASE_MS;
    const results = await this.lanes.submit(
      this.batches,
      due.map((row) => {
        const item = waited(row);
        return { item, laneKey: receiptKey(item.purchase), deadlineMs, isOffline: true };
      }),
    );
    const waiting = due.filter((_, index) => {
      const kind = results?.[index]?.outcome?.$case;
      return kind !== 'takenBack' && kind !== 'refused';
    });
    await postpone(
      this.dataSource.manager,
      waiting.map(({ refundId }) => refundId),
      now,
      this.clock.now(),
    );
    return due.length;
  }
}

function waited(row: DueRefund): IncomingRefund {
  const { storeId, tillId, businessDate, receiptNumber, fingerprint, refundId } = row;
  return {
    caller: '',
    key: undefined,
    receipt: { storeId, tillId, businessDate, receiptNumber },
    purchase: {
      storeId: row.purchaseStoreId,
      tillId: row.purchaseTillId,
      businessDate: row.purchaseBusinessDate,
      receiptNumber: row.purchaseReceiptNumber,
    },
    rungMs: row.rungAt.getTime(),
    lines: row.lines.map(([line, quantityMilli, amountMinor]) => ({ line, quantityMilli, amountMinor })),
    content: { fingerprint, bodyFingerprint: fingerprint },
    traceparent: undefined,
    waitingId: refundId,
  };
}
