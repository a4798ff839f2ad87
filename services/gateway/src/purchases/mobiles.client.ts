import { Inject, Injectable } from '@nestjs/common';
import { type Principal, PrincipalSigner } from '@regulars/service';
import { Owners } from '../owners.client.js';
import type { Limits } from './queue.js';
import { NotTaken, type Traveller, TravelTogether } from './travel.client.js';

const LONGEST_MOBILE = 16;
const limits: Limits = {
  items: 256,
  bytes: 256 * LONGEST_MOBILE,
  waiting: 1_024,
  waitingBytes: 1_024 * LONGEST_MOBILE,
};
const gateway: Principal = { sub: 'gateway', kind: 'service', roles: [], stores: '*' };

interface Asked extends Traveller<string> {
  readonly mobile: string;
}

/** Turns mobiles into member ids at members, many in one call. */
@Injectable()
export class MobilesClient {
  private readonly asked: TravelTogether<Asked, string>;

  constructor(@Inject(Owners) owners: Owners, @Inject(PrincipalSigner) signer: PrincipalSigner) {
    this.asked = new TravelTogether(limits, async (load, deadline) => {
      const principal = await signer.sign(gateway);
      const mobiles = load.map(({ mobile }) => mobile);
      const { memberIds } = await owners.mobiles.resolveMobiles({ mobiles }, { principal, deadline });
      return memberIds;
    });
  }

  /** The id of the member who has the mobile, empty when nobody has; NotTaken when members does not say in time. */
  memberWith(mobile: string, patienceMs: number): Promise<string | NotTaken> {
    return new Promise((settle) => {
      const deadlineMs = Date.now() + patienceMs;
      this.asked.take({ mobile, bytes: mobile.length, deadlineMs, isOffline: false, settle });
    });
  }
}
