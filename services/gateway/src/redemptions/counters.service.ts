import { Inject, Injectable } from '@nestjs/common';
import type { MemberReference } from '@regulars/contracts/loyalty/v1/purchases';
import type { Caller } from '../access/call.guard.js';
import { Chain } from '../access/chain.service.js';
import { problem, Refused } from '../edge/problems.js';
import { counterOfPerson, counterOfTill, isCounter, type Named } from '../purchases/counter.js';
import { MobilesClient } from '../purchases/mobiles.client.js';
import type { Counter, MemberReferenceBody } from '../purchases/purchase.js';
import { memberBy } from '../purchases/purchases.service.js';
import { NotTaken } from '../purchases/travel.client.js';

const LOOKUP_MS = 500;

/** Where a caller acts and whom it means, as owners take it. */
@Injectable()
export class Counters {
  constructor(
    @Inject(Chain) private readonly chain: Chain,
    @Inject(MobilesClient) private readonly mobiles: MobilesClient,
  ) {}

  /** A till's own counter; a person names one. @throws Refused when the caller may not act there */
  of(named: Named, { principal, till }: Caller): Counter {
    const found = till ? counterOfTill(named, till) : counterOfPerson(named, principal.stores, this.chain);
    if (!isCounter(found)) throw new Refused(found);
    return { storeId: found.storeId, tillId: found.tillId };
  }

  /** @throws Refused when nobody has the mobile or it could not be looked up in time */
  async member(reference: MemberReferenceBody): Promise<MemberReference> {
    if (reference.mobile === undefined) return { by: memberBy(reference) };
    const memberId = await this.mobiles.memberWith(reference.mobile, LOOKUP_MS);
    if (memberId instanceof NotTaken) throw new Refused(problem('MEMBER_LOOKUP_UNAVAILABLE'));
    if (memberId === '') throw new Refused(problem('MEMBER_UNKNOWN'));
    return { by: { $case: 'memberId', value: memberId } };
  }
}
