import { Inject, Injectable } from '@nestjs/common';
import type { RewardTerms } from '@regulars/contracts/loyalty/v1/rewards';
import { CLOCK, type Clock, cutPage, inTransaction, logConfiguration, once, type Page } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Fault } from '../programmes/terms.js';
import { faultsOfReward, type RewardRow } from './reward.js';
import * as store from './rewards.store.js';

/** Who writes, and under which key. */
export interface Writing {
  readonly caller: string;
  readonly key: string;
  /** Whether it is only to be told what would become of it. */
  readonly isDryRun?: boolean;
}

export type CreatedReward =
  | { readonly outcome: 'done'; readonly reward: RewardRow; readonly replayed: boolean }
  | { readonly outcome: 'malformed'; readonly faults: readonly Fault[] }
  | {
      readonly outcome: 'refused';
      readonly reason: 'REWARD_CODE_TAKEN' | 'PROGRAMME_UNKNOWN' | 'IDEMPOTENCY_KEY_REUSED';
    };

export type ChangedStock =
  | { readonly outcome: 'done'; readonly reward: RewardRow; readonly replayed: boolean }
  | {
      readonly outcome: 'refused';
      readonly reason: 'REWARD_UNKNOWN' | 'STOCK_NOT_COUNTED' | 'STOCK_WOULD_BE_NEGATIVE' | 'IDEMPOTENCY_KEY_REUSED';
    };

/** The catalogue of rewards (兑换, requirement L8). */
@Injectable()
export class RewardsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async create(writing: Writing, terms: RewardTerms | undefined, stock: number | undefined): Promise<CreatedReward> {
    const faults = faultsOfReward(terms, stock);
    if (faults.length > 0 || !terms) return { outcome: 'malformed', faults };
    return inTransaction(this.dataSource, writing.isDryRun, async (tx) => {
      const write = { ...writing, route: 'create-reward', body: { terms, stock } };
      const done = await once(tx, write, async () => {
        const row = { rewardId: uuidv7(), terms, stock: stock ?? null };
        const isNew = await store.insertReward(tx, row, this.clock.now());
        if (isNew === undefined) return { reason: 'PROGRAMME_UNKNOWN' as const };
        if (!isNew) return { reason: 'REWARD_CODE_TAKEN' as const };
        const noted = { principal: writing.caller, change: 'reward-created', recordId: row.rewardId, after: row };
        await logConfiguration(tx, { at: this.clock.now(), ...noted });
        return { rewardId: row.rewardId };
      });
      if (done.outcome === 'refused') return done;
      const { rewardId, reason } = done.result;
      if (reason) return { outcome: 'refused', reason };
      const reward = await this.mustFind(tx, rewardId);
      return { outcome: 'done', reward, replayed: done.replayed };
    });
  }

  find(rewardId: string): Promise<RewardRow | undefined> {
    return store.findReward(this.dataSource.manager, rewardId);
  }

  async list(programmeId: string, { limit, after }: Page) {
    const [code] = after ?? [];
    const rows = await store.rewardsAfter(this.dataSource.manager, programmeId, String(code ?? ''), limit);
    return cutPage(rows, limit, ({ terms }) => [terms.code]);
  }

  changeStock(writing: Writing, rewardId: string, change: number): Promise<ChangedStock> {
    return inTransaction(this.dataSource, writing.isDryRun, async (tx) => {
      const write = { ...writing, route: 'change-stock', body: { rewardId, change } };
      const done = await once(tx, write, async () => {
        const reward = await store.findReward(tx, rewardId);
        if (!reward) return { reason: 'REWARD_UNKNOWN' as const };
        if (reward.stock === null) return { reason: 'STOCK_NOT_COUNTED' as const };
        const stock = await store.changeStock(tx, rewardId, change);
        if (stock === undefined) return { reason: 'STOCK_WOULD_BE_NEGATIVE' as const };
        const noted = {
          principal: writing.caller,
          change: 'stock-changed',
          recordId: rewardId,
          after: { change, stock },
        };
        await logConfiguration(tx, { at: this.clock.now(), ...noted });
        return {};
      });
      if (done.outcome === 'refused') return done;
      if (done.result.reason) return { outcome: 'refused', reason: done.result.reason };
      return { outcome: 'done', reward: await this.mustFind(tx, rewardId), replayed: done.replayed };
    });
  }

  /** Takes out of stock what is reserved; false when there is not enough. In the transaction of the redemption. */
  async takeFromStock(tx: EntityManager, rewardId: string, quantity: number): Promise<boolean> {
    return (await store.changeStock(tx, rewardId, -quantity)) !== undefined;
  }

  /** Puts back what was not redeemed after all. In the transaction of the redemption. */
  async putBackIntoStock(
    tx: EntityManager,
    rewards: readonly { readonly rewardId: string; readonly quantity: number }[],
  ): Promise<void> {
    if (rewards.length > 0) await store.returnStock(tx, rewards);
  }

  private async mustFind(tx: EntityManager, rewardId: string): Promise<RewardRow> {
    const reward = await store.findReward(tx, rewardId);
    if (!reward) throw new Error('a reward that was just written is not there');
    return reward;
  }
}
