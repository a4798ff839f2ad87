import { Inject, Injectable } from '@nestjs/common';
import { PointsEarned, PointsTakenBackForRefund } from '@regulars/contracts/loyalty/v1/points_events';
import { BadEvent, type EventConsumer, type ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { type StoodOn, TiersService } from '../tiers/tiers.service.js';
import { backOf, linesIn } from './visit.js';
import { type Heard, VisitsService } from './visits.service.js';

/** Hears of purchases and refunds of members (requirement M7). */
@Injectable()
export class PointsConsumer implements EventConsumer {
  readonly topic = 'regulars.loyalty.points.v1';
  readonly group = 'members';
  /** Nobody waits for it. */
  readonly fetchEveryMs = 1_000;

  constructor(
    @Inject(VisitsService) private readonly visits: VisitsService,
    @Inject(TiersService) private readonly tiers: TiersService,
  ) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await this.visits.hear(tx, events.flatMap(heardIn));
    await this.tiers.hear(tx, events.flatMap(stoodIn));
  }
}

/** After each purchase it is told which tier the member stands on. */
function stoodIn({ type, payload, time }: ReceivedEvent): StoodOn[] {
  if (type !== 'regulars.loyalty.v1.PointsEarned') return [];
  const { memberId, programmeId, tier, postedAt = time } = PointsEarned.fromJSON(payload);
  return [{ memberId, programmeId, tier, asOf: postedAt }];
}

function heardIn({ id, type, payload }: ReceivedEvent): Heard[] {
  switch (type) {
    case 'regulars.loyalty.v1.PointsEarned': {
      const { receipt, rungAt, rungAtOffsetMinutes, linesJson, givenBack, ...told } = PointsEarned.fromJSON(payload);
      if (!receipt || !rungAt) throw new BadEvent(`Event ${id} has no receipt or no time`);
      const { storeId, businessDate } = receipt;
      const visit = { ...told, storeId, businessDate, rungAt, offsetMinutes: rungAtOffsetMinutes };
      const { memberId, purchaseId } = told;
      const refund = { memberId, purchaseId, refundId: purchaseId, lines: givenBack.map(backOf) };
      return [{ visit: { ...visit, lines: linesIn(linesJson) }, refund: givenBack.length > 0 ? refund : undefined }];
    }
    case 'regulars.loyalty.v1.PointsTakenBackForRefund': {
      const { memberId, purchaseId, refundId, lines } = PointsTakenBackForRefund.fromJSON(payload);
      return [{ visit: undefined, refund: { memberId, purchaseId, refundId, lines: lines.map(backOf) } }];
    }
    default:
      return [];
  }
}
