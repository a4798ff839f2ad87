import { Inject, Injectable, Logger } from '@nestjs/common';
import type { ItemContext } from '@regulars/contracts/call/v1/call';
import { type CallOptions, RpcFailure } from '@regulars/service';
import { mayUse, permissionOf } from '../access/permissions.js';
import { caseAnswer } from '../cases/case.js';
import { couponAnswer } from '../coupons/coupon.js';
import { missingPart } from '../edge/parts.client.js';
import { present } from '../edge/present.js';
import { followUpAnswer } from '../followups/followup.js';
import { memberAnswer } from '../members/member.js';
import { messageAnswer } from '../messages/message.js';
import { Owners } from '../owners.client.js';
import { particularsAnswer } from '../particulars/particulars.config.js';
import { PointsClient } from '../points/points.client.js';
import { balanceAnswer } from '../points/points.js';
import { tierAnswer } from '../tiers/tier.js';
import { visitsAnswer } from '../visits/visit.js';
import type { ProfilePart } from './profile.config.js';

const partPatienceMs = 1_500;
const page = { limit: 20, cursor: '' };

/** Who asks for a profile, why, and what goes with the calls. */
export interface Asking {
  readonly caller: Parameters<typeof mayUse>[1];
  readonly purpose: string;
  readonly call: CallOptions;
  readonly context: ItemContext;
}

/** Asks every owner for its part of a profile at once (requirement M7). */
@Injectable()
export class ProfileClient {
  private readonly log = new Logger(ProfileClient.name);

  constructor(
    @Inject(Owners) private readonly owners: Owners,
    @Inject(PointsClient) private readonly points: PointsClient,
  ) {}

  /**
   * The parts by name. One whose owner does not answer in time is missing, which differs from empty; one whose own route
   * the caller may not use is withheld, and so are visits while the processing of the member's data is restricted.
   *
   * @throws RpcFailure when members says that there is no such member
   */
  async of(memberId: string, { caller, purpose, call: asked, context: item }: Asking) {
    const deadline = Date.now() + partPatienceMs;
    const call = { ...asked, deadline };
    const context = { ...item, deadline: new Date(deadline) };
    const own = { memberId, page };
    const value = { memberId, programmeId: '' };
    const part = (name: string, route: string, read: () => Promise<unknown>) =>
      this.partOf(name, mayUse(permissionOf('GET', route), caller), read);
    const [record, ...others] = await Promise.all([
      part('member', '/v1/members/:memberId', async () =>
        memberAnswer(present((await this.owners.members.getMember({ memberId, purpose }, call)).member)),
      ),
      part('particulars', '/v1/members/:memberId/particulars', async () =>
        particularsAnswer(await this.owners.memberParticulars.getParticulars({ memberId, purpose }, call)),
      ),
      part('visits', '/v1/members/:memberId/visits', async () =>
        visitsAnswer(await this.owners.visits.getVisits({ memberId, purpose }, call)),
      ),
      part('points', '/v1/members/:memberId/points', async () =>
        balanceAnswer(await this.points.read({ $case: 'balance', value }, context)),
      ),
      part('tier', '/v1/members/:memberId/tier', async () =>
        tierAnswer(present((await this.owners.tiers.getTier(value, call)).tier)),
      ),
      part('coupons', '/v1/members/:memberId/coupons', async () =>
        (await this.owners.coupons.listCoupons(own, call)).coupons.map(couponAnswer),
      ),
      part('cases', '/v1/cases', async () =>
        (await this.owners.cases.listCases({ ...own, storeId: '' }, call)).cases.map(caseAnswer),
      ),
      part('followups', '/v1/followups', async () =>
        (await this.owners.followUps.listFollowUps(own, call)).followUps.map(followUpAnswer),
      ),
      part('messages', '/v1/messages', async () =>
        (await this.owners.messages.listMessages(own, call)).messages.map(messageAnswer),
      ),
    ]);
    const [particulars, visits, points, tier, coupons, cases, followUps, messages] = others;
    return { member: record, particulars, visits, points, tier, coupons, cases, followUps, messages };
  }

  private async partOf(name: string, isAllowed: boolean, read: () => Promise<unknown>): Promise<ProfilePart> {
    if (!isAllowed) return { state: 'withheld' };
    try {
      const value = await read();
      return Array.isArray(value) && value.length === 0 ? { state: 'empty' } : { state: 'ok', value };
    } catch (error) {
      if (saysNone(error)) return { state: 'empty' };
      if (saysRestricted(error)) return { state: 'withheld' };
      const part = missingPart(error);
      this.log.warn({ part: name, reason: part.reason }, 'a part of a profile is missing');
      return part;
    }
  }
}

/** A member without an account has no points, which is no fault. */
function saysNone(error: unknown): boolean {
  return error instanceof RpcFailure && error.problem?.code === 'ACCOUNT_UNKNOWN';
}

/** While the processing of her data is restricted, its owner keeps to itself what nobody needs to serve her. */
function saysRestricted(error: unknown): boolean {
  return error instanceof RpcFailure && error.problem?.code === 'MEMBER_RESTRICTED';
}
