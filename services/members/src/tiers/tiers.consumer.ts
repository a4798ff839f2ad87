import { Inject, Injectable } from '@nestjs/common';
import { TierChanged } from '@regulars/contracts/loyalty/v1/tiers_events';
import type { EventConsumer, ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { type StoodOn, TiersService } from './tiers.service.js';

/** Hears of tiers that change without a purchase. */
@Injectable()
export class TiersConsumer implements EventConsumer {
  readonly topic = 'regulars.loyalty.tier.v1';
  readonly group = 'members';
  readonly fetchEveryMs = 1_000;

  constructor(@Inject(TiersService) private readonly tiers: TiersService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await this.tiers.hear(tx, events.flatMap(stoodIn));
  }
}

function stoodIn({ type, payload, time }: ReceivedEvent): StoodOn[] {
  if (type !== 'regulars.loyalty.v1.TierChanged') return [];
  const { memberId, programmeId, toTier, changedAt = time } = TierChanged.fromJSON(payload);
  return [{ memberId, programmeId, tier: toTier, asOf: changedAt }];
}
