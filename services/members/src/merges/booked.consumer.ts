import { Inject, Injectable } from '@nestjs/common';
import { MergeBooked, UnmergeBooked } from '@regulars/contracts/loyalty/v1/merges_events';
import type { EventConsumer, ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { type Booked, MergesService } from './merges.service.js';

/** Hears when points have followed a merge, or its end. */
@Injectable()
export class MergesBookedConsumer implements EventConsumer {
  readonly topic = 'regulars.loyalty.merge.v1';
  readonly group = 'members';

  constructor(@Inject(MergesService) private readonly merges: MergesService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await this.merges.booked(tx, events.flatMap(bookedIn));
  }
}

function bookedIn({ type, payload, time }: ReceivedEvent): Booked[] {
  switch (type) {
    case 'regulars.loyalty.v1.MergeBooked': {
      const { mergeId, bookedAt = time } = MergeBooked.fromJSON(payload);
      return [{ mergeId, bookedAt, isUndo: false }];
    }
    case 'regulars.loyalty.v1.UnmergeBooked': {
      const { mergeId, bookedAt = time, exact, compensatedPoints, owedPoints } = UnmergeBooked.fromJSON(payload);
      return [{ mergeId, bookedAt, isUndo: true, exact, compensatedPoints, owedPoints }];
    }
    default:
      return [];
  }
}
