import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { ReadingService } from './reading.service.js';

/** Reads files with members, one after the other. */
@Injectable()
export class ImportsJob implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly work = new DueWork({
    name: 'imports of members',
    batch: () => this.reading.readOne(),
    longestRestMs: 1_000,
  });

  constructor(@Inject(ReadingService) private readonly reading: ReadingService) {}

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.reading.stop();
    await this.work.stop();
  }
}
