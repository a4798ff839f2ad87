import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { KeysService } from './keys.service.js';

const longestRestMs = 60_000;

/** Moves data keys away from retired key-encryption keys while the service serves. */
@Injectable()
export class KeysJob implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(KeysJob.name);
  private readonly work = new DueWork({ name: 'member keys', batch: () => this.batch(), longestRestMs });
  private moved = 0;

  constructor(@Inject(KeysService) private readonly keys: KeysService) {}

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.work.stop();
  }

  private async batch(): Promise<number> {
    const moved = await this.keys.moveFromRetired();
    this.moved += moved;
    if (moved === 0 && this.moved > 0) {
      this.log.log({ moved: this.moved }, 'no data key is under a retired key any more');
      this.moved = 0;
    }
    return moved;
  }
}
