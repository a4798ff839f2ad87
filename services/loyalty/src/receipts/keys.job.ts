import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { ReceiptsService } from './receipts.service.js';

/** Forgets idempotency keys that nobody repeats any more; receipts stay protected by their claims. */
@Injectable()
export class KeysJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: DueWork;

  constructor(receipts: ReceiptsService) {
    this.work = new DueWork({ name: 'old keys', batch: () => receipts.forgetOldKeys(), longestRestMs: 3_600_000 });
  }

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.work.stop();
  }
}
