import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { MergesService } from './merges.service.js';

/** Carries merges out a moment after they were heard of. */
@Injectable()
export class MergesJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: DueWork;

  constructor(merges: MergesService) {
    this.work = new DueWork({ name: 'merges', batch: () => merges.carryOutDue(), longestRestMs: 500 });
  }

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.work.stop();
  }
}
