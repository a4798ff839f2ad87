import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { announcedAtOnce, FollowUpsService } from './followups.service.js';

/** Announces follow-ups when their time has come. */
@Injectable()
export class FollowUpsJob implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #work: DueWork;

  constructor(followUps: FollowUpsService) {
    this.#work = new DueWork({
      name: 'followups',
      shortestRestMs: 100,
      longestRestMs: 1_000,
      fullBatch: announcedAtOnce,
      batch: () => followUps.announceDue(),
    });
  }

  onApplicationBootstrap(): void {
    this.#work.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.#work.stop();
  }
}
