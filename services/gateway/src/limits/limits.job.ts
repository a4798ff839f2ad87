import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type Principal, PrincipalSigner } from '@regulars/service';
import type { Logger } from 'pino';
import { LOG } from '../gateway.config.js';
import { Owners } from '../owners.client.js';
import { hashedSubject } from './limits.js';
import { Limits } from './limits.service.js';

const EVERY_MS = 400;
const PATIENCE_MS = 400;
const FORGET_EVERY_MS = 30_000;
const gateway: Principal = { sub: 'gateway', kind: 'service', roles: [], stores: '*' };

/**
 * Tells the other gateways, by way of stores, what callers have used here, and hears what they used there. An idle
 * gateway tells nothing; while stores is out each gateway limits by what it sees itself.
 */
@Injectable()
export class LimitsJob implements OnModuleInit, OnApplicationShutdown {
  private readonly timers: NodeJS.Timeout[] = [];
  private isTelling = false;

  constructor(
    @Inject(Limits) private readonly limits: Limits,
    @Inject(Owners) private readonly owners: Owners,
    @Inject(PrincipalSigner) private readonly signer: PrincipalSigner,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  onModuleInit(): void {
    this.timers.push(setInterval(() => void this.tell(), EVERY_MS).unref());
    this.timers.push(setInterval(() => this.limits.forget(performance.now()), FORGET_EVERY_MS).unref());
  }

  onApplicationShutdown(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  private async tell(): Promise<void> {
    const told = this.limits.toTell();
    if (this.isTelling || told.length === 0) return;
    this.isTelling = true;
    try {
      const counts = told.map(({ subject, calls }) => ({ subject: hashedSubject(subject), calls }));
      const principal = await this.signer.sign(gateway);
      const { sums } = await this.owners.limits.countCalls(
        { counts },
        { principal, deadline: Date.now() + PATIENCE_MS },
      );
      told.forEach(({ allowance, calls }, index) => allowance.charge(calls, sums[index] ?? 0));
    } catch (error) {
      this.log.debug({ err: error }, 'limits hold here alone for now');
    } finally {
      this.isTelling = false;
    }
  }
}
