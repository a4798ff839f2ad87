import { Inject, Injectable, Logger, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { BirthdayServiceService } from '@regulars/contracts/members/v1/birthdays';
import { type Principal, PrincipalSigner, type RpcClient, RpcFailure, rpcClient, SETTINGS } from '@regulars/service';
import type { LoyaltySettings } from '../loyalty.config.js';
import type { ToldBirthday } from './birthdays.store.js';
import type { Stretch } from './window.js';

const itself: Principal = { sub: 'loyalty', kind: 'service', roles: [], stores: '*' };
const deadlineMs = 5_000;

/** Asks members, who alone knows them, which birthdays come. */
@Injectable()
export class MembersClient implements OnApplicationShutdown {
  readonly #log = new Logger(MembersClient.name);
  readonly #members: RpcClient<typeof BirthdayServiceService> | undefined;

  constructor(
    @Inject(SETTINGS) settings: Pick<LoyaltySettings, 'MEMBERS_ADDR'>,
    @Optional() @Inject(PrincipalSigner) private readonly signer: PrincipalSigner | undefined,
  ) {
    if (settings.MEMBERS_ADDR && signer) this.#members = rpcClient(BirthdayServiceService, settings.MEMBERS_ADDR);
    else this.#log.log('no address of members: birthdays stay unknown');
  }

  /** Whether there is somebody to ask. */
  get canAsk(): boolean {
    return this.#members !== undefined;
  }

  /** Birthdays of members, at most 500, within a stretch; undefined where members cannot be asked now. */
  async birthdaysOf(memberIds: readonly string[], stretch: Stretch): Promise<ToldBirthday[] | undefined> {
    if (!this.#members || !this.signer) return undefined;
    try {
      const { birthdays } = await this.#members.findBirthdays(
        { memberIds: [...memberIds], fromDate: stretch.from, untilDate: stretch.until },
        { principal: await this.signer.sign(itself), deadline: Date.now() + deadlineMs },
      );
      return birthdays;
    } catch (error) {
      if (!(error instanceof RpcFailure)) throw error;
      this.#log.warn({ grpcStatus: error.status, code: error.problem?.code }, 'members cannot be asked');
      return undefined;
    }
  }

  onApplicationShutdown(): void {
    this.#members?.close();
  }
}
