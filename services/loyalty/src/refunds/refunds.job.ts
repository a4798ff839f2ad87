import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { RefundsService } from './refunds.service.js';

/** Applies refunds that came before their purchase. */
@Injectable()
export class RefundsJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: DueWork;

  constructor(refunds: RefundsService) {
    this.work = new DueWork({ name: 'waiting refunds', batch: () => refunds.applyDue(), longestRestMs: 500 });
  }

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.work.stop();
  }
}
