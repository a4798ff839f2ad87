import { Injectable } from '@nestjs/common';
import { PointsEarned, PointsTakenBackForRefund } from '@regulars/contracts/loyalty/v1/points_events';
import { BadEvent, type EventConsumer, type ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { type Cause, MessagesService } from './messages.service.js';

/** Tells members of points that came and went (requirement N2). */
@Injectable()
export class PointsConsumer implements EventConsumer {
  readonly topic = 'regulars.loyalty.points.v1';
  readonly group = 'notifications';

  constructor(private readonly messages: MessagesService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await this.messages.hear(tx, events.flatMap(causesIn));
  }
}

/** Points that were neither earned nor taken are nothing to write about. */
function causesIn({ id, type, payload, time }: ReceivedEvent): Cause[] {
  switch (type) {
    case 'regulars.loyalty.v1.PointsEarned': {
      const { memberId, points, balanceAfter, receipt } = PointsEarned.fromJSON(payload);
      if (!receipt) throw new BadEvent(`Event ${id} has no receipt`);
      if (points === 0) return [];
      const variables = { points, balance: balanceAfter };
      return [
        { causeId: id, memberId, template: 'points-earned', storeId: receipt.storeId, variables, occurredAt: time },
      ];
    }
    case 'regulars.loyalty.v1.PointsTakenBackForRefund': {
      const { memberId, pointsTaken, pointsOwed, balanceAfter } = PointsTakenBackForRefund.fromJSON(payload);
      if (pointsTaken + pointsOwed === 0) return [];
      const variables = { points: pointsTaken + pointsOwed, owed: pointsOwed, balance: balanceAfter };
      return [{ causeId: id, memberId, template: 'points-taken-back', variables, occurredAt: time }];
    }
    default:
      return [];
  }
}
