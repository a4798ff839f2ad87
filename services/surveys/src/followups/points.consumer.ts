import { Injectable } from '@nestjs/common';
import { PointsEarned } from '@regulars/contracts/loyalty/v1/points_events';
import { BadEvent, type EventConsumer, type ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { FollowUpsService, type HeardPurchase } from './followups.service.js';

/** Hears of purchases, whether they earned points or not. */
@Injectable()
export class PointsConsumer implements EventConsumer {
  readonly topic = 'regulars.loyalty.points.v1';
  readonly group = 'surveys';
  /** Guests are asked hours later. */
  readonly fetchEveryMs = 250;

  constructor(private readonly followUps: FollowUpsService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    const earned = events.filter(({ type }) => type === 'regulars.loyalty.v1.PointsEarned');
    await this.followUps.hear(tx, earned.map(purchaseIn));
  }
}

function purchaseIn({ id, payload, traceparent }: ReceivedEvent): HeardPurchase {
  const { memberId, purchaseId, receipt, rungAt } = PointsEarned.fromJSON(payload);
  if (!receipt || !rungAt) throw new BadEvent(`Event ${id} has no receipt or no time`);
  return { eventId: id, memberId, storeId: receipt.storeId, purchaseId, rungAt, traceparent };
}
