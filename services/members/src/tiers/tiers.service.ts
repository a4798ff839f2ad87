import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { keepTiers, type StoodOn } from './tiers.store.js';

export type { StoodOn } from './tiers.store.js';

/** Which tier members stand on (requirement M4). Loyalty decides; this only finds. */
@Injectable()
export class TiersService {
  /** Keeps what events tell, in any order and however often: the latest counts. */
  async hear(tx: EntityManager, stood: readonly StoodOn[]): Promise<void> {
    const latest = new Map<string, StoodOn>();
    for (const each of stood) {
      const key = `${each.memberId} ${each.programmeId}`;
      const known = latest.get(key);
      if (each.tier !== '' && (!known || known.asOf < each.asOf)) latest.set(key, each);
    }
    if (latest.size > 0) await keepTiers(tx, [...latest.values()]);
  }
}
