import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type Principal, PrincipalSigner } from '@regulars/service';
import type { Logger } from 'pino';
import { LOG } from '../gateway.config.js';
import { Owners } from '../owners.client.js';
import { Chain, type LiveKey } from './chain.service.js';

const EVERY_MS = 15_000;
const PATIENCE_MS = 5_000;
const MOST_AT_ONCE = 1_000;
const gateway: Principal = { sub: 'gateway', kind: 'service', roles: [], stores: '*' };

/** Tells stores when till keys were last used (requirement O4). Nobody waits for it, and what is lost is told again. */
@Injectable()
export class KeyUsesJob implements OnModuleInit, OnApplicationShutdown {
  private toldMs = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(Chain) private readonly chain: Chain,
    @Inject(Owners) private readonly owners: Owners,
    @Inject(PrincipalSigner) private readonly signer: PrincipalSigner,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.tell(), EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private async tell(): Promise<void> {
    const nowMs = Date.now();
    try {
      const used = this.chain.keysUsedSince(this.toldMs);
      for (let from = 0; from < used.length; from += MOST_AT_ONCE)
        await this.report(used.slice(from, from + MOST_AT_ONCE));
      this.toldMs = nowMs;
    } catch (error) {
      this.log.warn({ err: error }, 'stores was not told which keys are in use');
    }
  }

  private async report(keys: readonly LiveKey[]): Promise<void> {
    const uses = keys.map(({ keyId, usedMs }) => ({ keyId, usedAt: new Date(usedMs) }));
    const principal = await this.signer.sign(gateway);
    await this.owners.stores.reportKeyUses({ uses }, { principal, deadline: Date.now() + PATIENCE_MS });
  }
}
