import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { PendingService } from './pending.service.js';

/** Credits purchases whose member became known. */
@Injectable()
export class PendingJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: DueWork;

  constructor(pending: PendingService) {
    this.work = new DueWork({
      name: 'pending purchases',
      batch: () => pending.creditDue(),
      longestRestMs: 500,
    });
  }

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.work.stop();
  }
}
