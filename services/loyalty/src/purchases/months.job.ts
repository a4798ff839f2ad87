import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { MonthsService } from './months.service.js';

/** Makes the partitions of purchases in time, and drops those that are kept no longer. */
@Injectable()
export class MonthsJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: DueWork;

  constructor(months: MonthsService) {
    this.work = new DueWork({
      name: 'months of purchases',
      batch: async () => (await months.keepAhead()) + (await months.forgetOldest()),
      longestRestMs: 3_600_000,
    });
  }

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.work.stop();
  }
}
