import { status } from '@grpc/grpc-js';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigurationServiceService } from '@regulars/contracts/call/v1/configuration';
import { CaseServiceService } from '@regulars/contracts/complaints/v1/cases';
import { AdjustmentServiceService } from '@regulars/contracts/loyalty/v1/adjustments';
import { CouponServiceService } from '@regulars/contracts/loyalty/v1/coupons';
import { HoldServiceService } from '@regulars/contracts/loyalty/v1/holds';
import { LiabilityServiceService } from '@regulars/contracts/loyalty/v1/liability';
import { OpeningServiceService } from '@regulars/contracts/loyalty/v1/openings';
import { PointsServiceService } from '@regulars/contracts/loyalty/v1/points';
import { ProgrammeServiceService } from '@regulars/contracts/loyalty/v1/programmes';
import { PurchaseServiceService } from '@regulars/contracts/loyalty/v1/purchases';
import { ReconciliationServiceService } from '@regulars/contracts/loyalty/v1/reconciliation';
import { RedemptionServiceService } from '@regulars/contracts/loyalty/v1/redemptions';
import { RewardServiceService } from '@regulars/contracts/loyalty/v1/rewards';
import { SimulationServiceService } from '@regulars/contracts/loyalty/v1/simulations';
import { TierServiceService } from '@regulars/contracts/loyalty/v1/tiers';
import { MemberAccessServiceService } from '@regulars/contracts/members/v1/access';
import { MemberDirectoryServiceService } from '@regulars/contracts/members/v1/directory';
import { DuplicateServiceService } from '@regulars/contracts/members/v1/duplicates';
import { MemberImportServiceService } from '@regulars/contracts/members/v1/imports';
import { MemberServiceService } from '@regulars/contracts/members/v1/members';
import { MergeServiceService } from '@regulars/contracts/members/v1/merges';
import { MemberParticularsServiceService } from '@regulars/contracts/members/v1/particulars';
import { PrivacyRequestServiceService } from '@regulars/contracts/members/v1/privacy_requests';
import { VerificationServiceService } from '@regulars/contracts/members/v1/verification';
import { VisitServiceService } from '@regulars/contracts/members/v1/visits';
import { MessageServiceService } from '@regulars/contracts/notifications/v1/messages';
import { LimitServiceService } from '@regulars/contracts/stores/v1/limits';
import { StoreServiceService } from '@regulars/contracts/stores/v1/stores';
import { FollowUpServiceService } from '@regulars/contracts/surveys/v1/followups';
import { type CallOptions, type RpcClient, RpcFailure, rpcClient, SETTINGS } from '@regulars/service';
import { Breaker } from './breaker.js';
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
  readonly limits: RpcClient<typeof LimitServiceService>;
  readonly storesConfiguration: RpcClient<typeof ConfigurationServiceService>;
  readonly loyaltyConfiguration: RpcClient<typeof ConfigurationServiceService>;
  readonly members: RpcClient<typeof MemberServiceService>;
  /** The same for look-ups that a till waits for, whose short deadline tells nothing about other calls. */
  readonly mobiles: RpcClient<typeof MemberServiceService>;
  readonly memberAccess: RpcClient<typeof MemberAccessServiceService>;
  readonly memberDirectory: RpcClient<typeof MemberDirectoryServiceService>;
  readonly duplicates: RpcClient<typeof DuplicateServiceService>;
  readonly merges: RpcClient<typeof MergeServiceService>;
  readonly privacyRequests: RpcClient<typeof PrivacyRequestServiceService>;
  readonly verifications: RpcClient<typeof VerificationServiceService>;
  readonly imports: RpcClient<typeof MemberImportServiceService>;
  readonly visits: RpcClient<typeof VisitServiceService>;
  readonly memberParticulars: RpcClient<typeof MemberParticularsServiceService>;
  readonly programmes: RpcClient<typeof ProgrammeServiceService>;
  readonly simulations: RpcClient<typeof SimulationServiceService>;
  readonly tiers: RpcClient<typeof TierServiceService>;
  readonly liability: RpcClient<typeof LiabilityServiceService>;
  readonly purchases: RpcClient<typeof PurchaseServiceService>;
  readonly encodedPurchases: RpcClient<typeof encodedPurchases>;
  readonly encodedPoints: RpcClient<typeof encodedPoints>;
  readonly rewards: RpcClient<typeof RewardServiceService>;
  readonly redemptions: RpcClient<typeof RedemptionServiceService>;
  readonly coupons: RpcClient<typeof CouponServiceService>;
  readonly openings: RpcClient<typeof OpeningServiceService>;
  readonly adjustments: RpcClient<typeof AdjustmentServiceService>;
  readonly holds: RpcClient<typeof HoldServiceService>;
  readonly reconciliation: RpcClient<typeof ReconciliationServiceService>;
  readonly cases: RpcClient<typeof CaseServiceService>;
  readonly followUps: RpcClient<typeof FollowUpServiceService>;
  readonly messages: RpcClient<typeof MessageServiceService>;

  private readonly breakers = new Map<string, Breaker>();
  private readonly clients: { close(): void }[] = [];

  constructor(@Inject(SETTINGS) private readonly settings: GatewaySettings) {
    this.stores = this.reach(StoreServiceService, 'STORES');
    this.limits = this.reach(LimitServiceService, 'STORES', 'limits');
    this.storesConfiguration = this.reach(ConfigurationServiceService, 'STORES');
    this.loyaltyConfiguration = this.reach(ConfigurationServiceService, 'LOYALTY');
    this.members = this.reach(MemberServiceService, 'MEMBERS');
    this.mobiles = this.reach(MemberServiceService, 'MEMBERS', 'mobiles');
    this.memberAccess = this.reach(MemberAccessServiceService, 'MEMBERS');
    this.memberDirectory = this.reach(MemberDirectoryServiceService, 'MEMBERS');
    this.duplicates = this.reach(DuplicateServiceService, 'MEMBERS');
    this.merges = this.reach(MergeServiceService, 'MEMBERS');
    this.privacyRequests = this.reach(PrivacyRequestServiceService, 'MEMBERS');
    this.verifications = this.reach(VerificationServiceService, 'MEMBERS');
    this.imports = this.reach(MemberImportServiceService, 'MEMBERS');
    this.visits = this.reach(VisitServiceService, 'MEMBERS');
    this.memberParticulars = this.reach(MemberParticularsServiceService, 'MEMBERS');
    this.programmes = this.reach(ProgrammeServiceService, 'LOYALTY');
    this.simulations = this.reach(SimulationServiceService, 'LOYALTY');
    this.tiers = this.reach(TierServiceService, 'LOYALTY');
    this.liability = this.reach(LiabilityServiceService, 'LOYALTY');
    this.purchases = this.reach(PurchaseServiceService, 'LOYALTY');
    this.encodedPurchases = this.reach(encodedPurchases, 'LOYALTY', 'purchases');
    this.encodedPoints = this.reach(encodedPoints, 'LOYALTY', 'points');
    this.rewards = this.reach(RewardServiceService, 'LOYALTY');
    this.redemptions = this.reach(RedemptionServiceService, 'LOYALTY');
    this.coupons = this.reach(CouponServiceService, 'LOYALTY');
    this.openings = this.reach(OpeningServiceService, 'LOYALTY');
    this.adjustments = this.reach(AdjustmentServiceService, 'LOYALTY');
    this.reconciliation = this.reach(ReconciliationServiceService, 'LOYALTY');
    this.holds = this.reach(HoldServiceService, 'LOYALTY');
    this.cases = this.reach(CaseServiceService, 'COMPLAINTS');
    this.followUps = this.reach(FollowUpServiceService, 'SURVEYS');
    this.messages = this.reach(MessageServiceService, 'NOTIFICATIONS');
  }

  onApplicationShutdown(): void {
    for (const client of this.clients) client.close();
  }

  /** A client of an owner; calls that share a `lane`, by default all calls to the owner, are cut off together. */
  private reach<Service extends object>(service: Service, owner: OwnerName, lane: string = owner): RpcClient<Service> {
    // Purchases, refunds and reads of points are safe to repeat: a receipt is credited once.
    const isSafeToRepeat = [encodedPurchases, encodedPoints].includes(service as never);
    const client = rpcClient(service, this.settings[`${owner}_ADDR`], isSafeToRepeat);
    const breaker = this.breakers.get(lane) ?? new Breaker();
    this.breakers.set(lane, breaker);
    this.clients.push(client);
    const calls = Object.keys(service).map((name) => [
      name,
      guarded(client[name as never], breaker, `${lane} ${name}`),
    ]);
    return { ...client, ...Object.fromEntries(calls) } as RpcClient<Service>;
  }
}

type OwnerName = 'STORES' | 'MEMBERS' | 'LOYALTY' | 'COMPLAINTS' | 'SURVEYS' | 'NOTIFICATIONS';
type AnyCall = (request: unknown, options: CallOptions) => Promise<unknown>;

/** The call, unless its owner is out or has too much under way. */
function guarded(call: AnyCall, breaker: Breaker, what: string): AnyCall {
  return async (request, options) => {
    const answer = breaker.ask(performance.now());
    if (answer !== 'go') {
      const code = answer === 'out' ? status.UNAVAILABLE : status.RESOURCE_EXHAUSTED;
      throw new RpcFailure(code, undefined, `${what}: not called, ${answer}`);
    }
    try {
      const response = await call(request, options);
      breaker.ended(performance.now(), true);
      return response;
    } catch (error) {
      breaker.ended(performance.now(), !isNobody(error));
      throw error;
    }
  };
}

/** Whether a call was not answered at all; who says why is there. */
function isNobody(error: unknown): boolean {
  if (!(error instanceof RpcFailure) || error.problem) return false;
  return error.status === status.UNAVAILABLE || error.status === status.DEADLINE_EXCEEDED;
}
