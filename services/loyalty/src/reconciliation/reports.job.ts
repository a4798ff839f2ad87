import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { StoreDaysService } from './store-days.service.js';

/** Makes the reports of the morning. */
@Injectable()
export class ReportsJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly works: readonly DueWork[];

  constructor(days: StoreDaysService) {
    this.works = [
      new DueWork({ name: 'days to report', batch: () => days.planDays(), longestRestMs: 300_000 }),
      new DueWork({ name: 'day reports', batch: () => days.reportDue(), longestRestMs: 30_000, shortestRestMs: 40 }),
    ];
  }

  onApplicationBootstrap(): void {
    for (const work of this.works) work.start();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.works.map((work) => work.stop()));
  }
}
