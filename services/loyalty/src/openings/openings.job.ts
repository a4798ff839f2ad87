import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { OpeningReading } from './reading.service.js';

/** Books openings, takes them back and sums them, one after the other. */
@Injectable()
export class OpeningsJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: DueWork;

  constructor(private readonly reading: OpeningReading) {
    this.work = new DueWork({ name: 'openings', batch: () => reading.workDue(), longestRestMs: 1_000 });
  }

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.reading.stop();
    await this.work.stop();
  }
}
