import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { TiersService } from './tiers.service.js';

/** Reviews tiers when that is due, and gives notice before. */
@Injectable()
export class TiersJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: DueWork;

  constructor(tiers: TiersService) {
    // It rests between two batches about as long as one takes, so that purchases keep the larger part of the database.
    const rests = { longestRestMs: 60_000, shortestRestMs: 40, fullBatch: Number.POSITIVE_INFINITY };
    this.work = new DueWork({ name: 'reviews of tiers', batch: () => tiers.reviewDue(), ...rests });
  }

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.work.stop();
  }
}
