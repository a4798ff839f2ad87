import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CaseServiceService } from '@regulars/contracts/complaints/v1/cases';
import { PointsServiceService } from '@regulars/contracts/loyalty/v1/points';
import { ProgrammeServiceService } from '@regulars/contracts/loyalty/v1/programmes';
import { PurchaseServiceService } from '@regulars/contracts/loyalty/v1/purchases';
import { RedemptionServiceService } from '@regulars/contracts/loyalty/v1/redemptions';
import { RewardServiceService } from '@regulars/contracts/loyalty/v1/rewards';
import { SimulationServiceService } from '@regulars/contracts/loyalty/v1/simulations';
import { TierServiceService } from '@regulars/contracts/loyalty/v1/tiers';
import { MemberAccessServiceService } from '@regulars/contracts/members/v1/access';
import { MemberDirectoryServiceService } from '@regulars/contracts/members/v1/directory';
import { MemberServiceService } from '@regulars/contracts/members/v1/members';
import { MemberParticularsServiceService } from '@regulars/contracts/members/v1/particulars';
import { VerificationServiceService } from '@regulars/contracts/members/v1/verification';
import { MessageServiceService } from '@regulars/contracts/notifications/v1/messages';
import { StoreServiceService } from '@regulars/contracts/stores/v1/stores';
import { FollowUpServiceService } from '@regulars/contracts/surveys/v1/followups';
import { type RpcClient, rpcClient, SETTINGS } from '@regulars/service';
import type { GatewaySettings } from './gateway.config.js';

/** Several calls in one: protobuf adds up repeated fields of messages that stand one behind the other. */
const joined = (requests: readonly Uint8Array[]): Buffer => Buffer.concat(requests);
const { postPurchases, refundPurchases } = PurchaseServiceService;

/** The purchase service for requests that are encoded already: each was encoded, and weighed, when it arrived. */
const encodedPurchases = {
  postPurchases: { ...postPurchases, requestSerialize: joined },
  refundPurchases: { ...refundPurchases, requestSerialize: joined },
};

const encodedPoints = { readMany: { ...PointsServiceService.readMany, requestSerialize: joined } };

/** The services behind the gateway. */
@Injectable()
export class Owners implements OnApplicationShutdown {
  readonly stores: RpcClient<typeof StoreServiceService>;
  readonly members: RpcClient<typeof MemberServiceService>;
  readonly memberAccess: RpcClient<typeof MemberAccessServiceService>;
  readonly memberDirectory: RpcClient<typeof MemberDirectoryServiceService>;
  readonly verifications: RpcClient<typeof VerificationServiceService>;
  readonly memberParticulars: RpcClient<typeof MemberParticularsServiceService>;
  readonly programmes: RpcClient<typeof ProgrammeServiceService>;
  readonly simulations: RpcClient<typeof SimulationServiceService>;
  readonly tiers: RpcClient<typeof TierServiceService>;
  readonly purchases: RpcClient<typeof PurchaseServiceService>;
  readonly encodedPurchases: RpcClient<typeof encodedPurchases>;
  readonly encodedPoints: RpcClient<typeof encodedPoints>;
  readonly rewards: RpcClient<typeof RewardServiceService>;
  readonly redemptions: RpcClient<typeof RedemptionServiceService>;
  readonly cases: RpcClient<typeof CaseServiceService>;
  readonly followUps: RpcClient<typeof FollowUpServiceService>;
  readonly messages: RpcClient<typeof MessageServiceService>;

  constructor(@Inject(SETTINGS) settings: GatewaySettings) {
    this.stores = rpcClient(StoreServiceService, settings.STORES_ADDR);
    this.members = rpcClient(MemberServiceService, settings.MEMBERS_ADDR);
    this.memberAccess = rpcClient(MemberAccessServiceService, settings.MEMBERS_ADDR);
    this.memberDirectory = rpcClient(MemberDirectoryServiceService, settings.MEMBERS_ADDR);
    this.verifications = rpcClient(VerificationServiceService, settings.MEMBERS_ADDR);
    this.memberParticulars = rpcClient(MemberParticularsServiceService, settings.MEMBERS_ADDR);
    this.programmes = rpcClient(ProgrammeServiceService, settings.LOYALTY_ADDR);
    this.simulations = rpcClient(SimulationServiceService, settings.LOYALTY_ADDR);
    this.tiers = rpcClient(TierServiceService, settings.LOYALTY_ADDR);
    this.purchases = rpcClient(PurchaseServiceService, settings.LOYALTY_ADDR);
    this.encodedPurchases = rpcClient(encodedPurchases, settings.LOYALTY_ADDR);
    this.encodedPoints = rpcClient(encodedPoints, settings.LOYALTY_ADDR);
    this.rewards = rpcClient(RewardServiceService, settings.LOYALTY_ADDR);
    this.redemptions = rpcClient(RedemptionServiceService, settings.LOYALTY_ADDR);
    this.cases = rpcClient(CaseServiceService, settings.COMPLAINTS_ADDR);
    this.followUps = rpcClient(FollowUpServiceService, settings.SURVEYS_ADDR);
    this.messages = rpcClient(MessageServiceService, settings.NOTIFICATIONS_ADDR);
  }

  onApplicationShutdown(): void {
    const clients = [this.stores, this.members, this.programmes, this.purchases, this.encodedPurchases];
    const others = [this.encodedPoints, this.cases, this.followUps, this.messages];
    const ofMembers = [this.memberAccess, this.memberDirectory, this.memberParticulars, this.verifications];
    const spending = [this.rewards, this.redemptions];
    const ofLoyalty = [this.simulations, this.tiers];
    for (const client of [...clients, ...others, ...ofMembers, ...spending, ...ofLoyalty]) client.close();
  }
}
