import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { DuplicatesService } from './duplicates.service.js';

/** Compares members who registered or changed, a moment after they did. */
@Injectable()
export class DuplicatesJob implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly work = new DueWork({
    name: 'duplicates',
    batch: () => this.duplicates.compareSome(),
    longestRestMs: 5_000,
  });

  constructor(@Inject(DuplicatesService) private readonly duplicates: DuplicatesService) {}

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.work.stop();
  }
}
