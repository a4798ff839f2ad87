import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { ExpiryService } from './expiry.service.js';

/** Between two batches it rests about as long as one takes, so that purchases keep the larger part of the database. */
const REST_MS = 40;

/** Books points that have ended, and warns of those that will. */
@Injectable()
export class ExpiryJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly works: readonly DueWork[];

  constructor(expiry: ExpiryService) {
    const rests = { longestRestMs: 60_000, shortestRestMs: REST_MS, fullBatch: Number.POSITIVE_INFINITY };
    this.works = [
      new DueWork({ name: 'points that have ended', batch: () => expiry.bookDue(), ...rests }),
      new DueWork({ name: 'points that will end', batch: () => expiry.warnDue(), ...rests }),
    ];
  }

  onApplicationBootstrap(): void {
    for (const work of this.works) work.start();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.works.map((work) => work.stop()));
  }
}
