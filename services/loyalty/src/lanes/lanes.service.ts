import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CLOCK, type Clock, SETTINGS } from '@regulars/service';
import type { LoyaltySettings } from '../loyalty.config.js';
import type { BatchKind } from './lane.js';
import { Lane } from './lane.service.js';

/** An item with what decides where and when it goes. */
export interface Submission<Item> {
  readonly item: Item;
  /** Items with the same text go through the same lane, in order. */
  readonly laneKey: string;
  /** Epoch milliseconds after which nobody waits for the answer. */
  readonly deadlineMs: number;
  readonly isOffline: boolean;
}

/** The lanes of this process; whatever changes a member's ledger goes through one. */
@Injectable()
export class Lanes implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly lanes: readonly Lane[];
  private readonly most: number;

  constructor(
    @Inject(SETTINGS) settings: Pick<LoyaltySettings, 'LANES' | 'LANE_QUEUE' | 'DATABASE_URL'>,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.lanes = Array.from({ length: settings.LANES }, () => new Lane(settings.DATABASE_URL, clock));
    this.most = settings.LANE_QUEUE;
  }

  /** Answers in the order of the submissions; undefined, and nothing is taken, when a lane's queue has no room. */
  submit<Item, Result>(
    kind: BatchKind<Item, Result>,
    submissions: readonly Submission<Item>[],
  ): Promise<Result[]> | undefined {
    if (this.lanes.some((lane) => lane.waiting + submissions.length > this.most)) return undefined;
    if (submissions.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const results = new Array<Result>(submissions.length);
      let open = submissions.length;
      submissions.forEach(({ item, laneKey, deadlineMs, isOffline }, index) => {
        const answer = (result: unknown) => {
          results[index] = result as Result;
          open -= 1;
          if (open === 0) resolve(results);
        };
        this.laneOf(laneKey).add({ kind, item, deadlineMs, answer }, isOffline);
      });
      for (const lane of this.lanes) if (lane.waiting > 0) lane.start();
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.warmUp()));
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.stop()));
  }

  private laneOf(key: string): Lane {
    let hash = 0;
    for (let at = 0; at < key.length; at += 1) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) >>> 0;
    return this.lanes[hash % this.lanes.length] as Lane;
  }
}
