import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { IndexingService } from './indexing.service.js';

const longestRestMs = 60_000;

/** Indexes members under a new index key, and takes away what stands under one that was replaced. */
@Injectable()
export class IndexingJob implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(IndexingJob.name);
  private readonly work = new DueWork({ name: 'member indexes', batch: () => this.batch(), longestRestMs });
  private done = 0;

  constructor(@Inject(IndexingService) private readonly indexing: IndexingService) {}

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.work.stop();
  }

  private async batch(): Promise<number> {
    const changed = (await this.indexing.indexSome()) || (await this.indexing.emptySome());
    this.done += changed;
    if (changed === 0 && this.done > 0) {
      this.log.log({ members: this.done }, 'every member is indexed under the index keys of this process');
      this.done = 0;
    }
    return changed;
  }
}
