import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import { Call, type Caller, SignedIn } from '../access/call.guard.js';
import { type CouponsQuery, couponAnswer, couponPage, couponsQuery } from '../coupons/coupon.js';
import { pageRequest } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { Owners } from '../owners.client.js';
import {
  type RedemptionsQuery,
  redemptionAnswer,
  redemptionPage,
  redemptionsQuery,
} from '../redemptions/redemption.js';
import {
  type ChangesQuery,
  changeAnswer,
  changePage,
  changesQuery,
  memberTier,
  type TierQuery,
  tierAnswer,
  tierQuery,
} from '../tiers/tier.js';

/** What a member gets besides points, for herself (requirements M12, L7 to L9). */
@ApiTags('self-service')
@Controller('v1/self-service/me')
export class OwnBenefitsController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get('tier')
  @Documented({ summary: 'Read one’s own tier', answers: { 200: memberTier }, problems: ['ACCOUNT_UNKNOWN'] })
  async readOwnTier(
    @SignedIn() { principal }: Caller,
    @Query({ schema: tierQuery }) { programmeId = '' }: TierQuery,
    @Call() call: CallOptions,
  ) {
    const { tier } = await this.owners.tiers.getTier({ memberId: principal.sub, programmeId }, call);
    return tierAnswer(present(tier));
  }

  @Get('tier/changes')
  @Documented({
    summary: 'List what happened to one’s own tier, newest first',
    answers: { 200: changePage },
    problems: ['ACCOUNT_UNKNOWN'],
  })
  async listOwnTierChanges(
    @SignedIn() { principal }: Caller,
    @Query({ schema: changesQuery }) query: ChangesQuery,
    @Call() call: CallOptions,
  ) {
    const request = { memberId: principal.sub, page: pageRequest(query) };
    const { changes, nextCursor } = await this.owners.tiers.listTierChanges(request, call);
    return { changes: changes.map(changeAnswer), nextCursor: nextCursor || undefined };
  }

  @Get('coupons')
  @Documented({ summary: 'List one’s own coupons', answers: { 200: couponPage }, problems: ['MEMBER_UNKNOWN'] })
  async listOwnCoupons(
    @SignedIn() { principal }: Caller,
    @Query({ schema: couponsQuery }) query: CouponsQuery,
    @Call() call: CallOptions,
  ) {
    const request = { memberId: principal.sub, page: pageRequest(query) };
    const { coupons, nextCursor } = await this.owners.coupons.listCoupons(request, call);
    return { coupons: coupons.map(couponAnswer), nextCursor: nextCursor || undefined };
  }

  @Get('redemptions')
  @Documented({ summary: 'List one’s own redemptions, newest first', answers: { 200: redemptionPage } })
  async listOwnRedemptions(
    @SignedIn() { principal }: Caller,
    @Query({ schema: redemptionsQuery }) query: RedemptionsQuery,
    @Call() call: CallOptions,
  ) {
    const request = { memberId: principal.sub, page: pageRequest(query) };
    const { redemptions, nextCursor } = await this.owners.redemptions.listRedemptions(request, call);
    return { redemptions: redemptions.map(redemptionAnswer), nextCursor: nextCursor || undefined };
  }
}
