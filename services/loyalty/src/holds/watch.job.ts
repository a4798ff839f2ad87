import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { WatchService } from './watch.service.js';

/** Forgets movements that are too old to count with anything that can still be posted. */
@Injectable()
export class WatchJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: DueWork;

  constructor(watches: WatchService) {
    this.work = new DueWork({ name: 'old movements', batch: () => watches.forgetOld(), longestRestMs: 3_600_000 });
  }

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.work.stop();
  }
}
