import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { AccessSealsService, linesOfASeal } from './access-seals.service.js';

/** How long a line may stand without a seal. */
const longestRestMs = 1_000;

/** Seals the access log while the service serves. */
@Injectable()
export class AccessSealsJob implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly work = new DueWork({
    name: 'access seals',
    batch: () => this.seals.sealSome(),
    longestRestMs,
    // Many reads in a second share a seal.
    shortestRestMs: longestRestMs,
    fullBatch: linesOfASeal,
  });

  constructor(@Inject(AccessSealsService) private readonly seals: AccessSealsService) {}

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.work.stop();
  }
}
