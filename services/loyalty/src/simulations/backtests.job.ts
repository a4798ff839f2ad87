import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { BacktestsService } from './backtests.service.js';

/** Runs backtests that somebody asked for. */
@Injectable()
export class BacktestsJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: DueWork;

  constructor(backtests: BacktestsService) {
    this.work = new DueWork({ name: 'backtests', batch: () => backtests.runDue(), longestRestMs: 2_000 });
  }

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.work.stop();
  }
}
