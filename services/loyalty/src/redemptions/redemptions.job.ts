import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { RedemptionsService } from './redemptions.service.js';

/** Releases what tills reserved and neither confirmed nor cancelled in time. */
@Injectable()
export class RedemptionsJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: DueWork;

  constructor(redemptions: RedemptionsService) {
    this.work = new DueWork({ name: 'reservations', batch: () => redemptions.releaseDue(), longestRestMs: 1_000 });
  }

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.work.stop();
  }
}
