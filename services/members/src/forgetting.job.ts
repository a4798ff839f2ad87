import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CLOCK, type Clock, DueWork, forgetKeys } from '@regulars/service';
import { DataSource } from 'typeorm';
import { VerificationService } from './verification/verification.service.js';
import { VisitsService } from './visits/visits.service.js';

/** How long a repeated write is answered as the first. */
const keysKeptMs = 30 * 86_400_000;
const keysAtOnce = 2_000;

/** Forgets idempotency keys that nobody repeats any more, codes of yesterday and visits of long ago. */
@Injectable()
export class ForgettingJob implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly work = new DueWork({
    name: 'old keys of members',
    batch: () => this.forgetSome(),
    longestRestMs: 3_600_000,
  });

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(VerificationService) private readonly verifications: VerificationService,
    @Inject(VisitsService) private readonly visits: VisitsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.work.stop();
  }

  /** Safe on several replicas at once. */
  async forgetSome(): Promise<number> {
    const before = new Date(this.clock.now().getTime() - keysKeptMs);
    const keys = await forgetKeys(this.dataSource.manager, before, keysAtOnce);
    return keys + (await this.verifications.forgetSome()) + (await this.visits.forgetSome());
  }
}
