import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { ConfigurationServiceService } from '@regulars/contracts/call/v1/configuration';
import { CaseServiceService } from '@regulars/contracts/complaints/v1/cases';
import { AdjustmentServiceService } from '@regulars/contracts/loyalty/v1/adjustments';
import { CouponServiceService } from '@regulars/contracts/loyalty/v1/coupons';
import { HoldServiceService } from '@regulars/contracts/loyalty/v1/holds';
import { LiabilityServiceService } from '@regulars/contracts/loyalty/v1/liability';
import { OpeningServiceService } from '@regulars/contracts/loyalty/v1/openings';
import { PointsServiceService } from '@regulars/contracts/loyalty/v1/points';
import { ProgrammeServiceService } from '@regulars/contracts/loyalty/v1/programmes';
import {
  type PostPurchaseItem,
  type PostPurchaseResult,
  PurchaseServiceService,
} from '@regulars/contracts/loyalty/v1/purchases';
import { ReconciliationServiceService } from '@regulars/contracts/loyalty/v1/reconciliation';
import { RedemptionServiceService } from '@regulars/contracts/loyalty/v1/redemptions';
import { RewardServiceService } from '@regulars/contracts/loyalty/v1/rewards';
import { SimulationServiceService } from '@regulars/contracts/loyalty/v1/simulations';
import { TierServiceService } from '@regulars/contracts/loyalty/v1/tiers';
import { MemberAccessServiceService } from '@regulars/contracts/members/v1/access';
import { MemberDirectoryServiceService } from '@regulars/contracts/members/v1/directory';
import { DuplicateServiceService } from '@regulars/contracts/members/v1/duplicates';
import { MemberServiceService } from '@regulars/contracts/members/v1/members';
import { MergeServiceService } from '@regulars/contracts/members/v1/merges';
import { MemberParticularsServiceService } from '@regulars/contracts/members/v1/particulars';
import { PrivacyRequestServiceService } from '@regulars/contracts/members/v1/privacy_requests';
import { VerificationServiceService } from '@regulars/contracts/members/v1/verification';
import { MessageServiceService } from '@regulars/contracts/notifications/v1/messages';
import { StoreServiceService } from '@regulars/contracts/stores/v1/stores';
import { FollowUpServiceService } from '@regulars/contracts/surveys/v1/followups';
import { Refusal } from '@regulars/service';

/** What an RPC of the test's own owner answers; it may throw what `refusal` makes. */
export type Answer = (request: never) => unknown;
type Handler = handleUnaryCall<never, unknown>;

/** A real gRPC server of the generated definitions, for what the gateway does when an owner answers this or that. */
export interface TestOwners {
  readonly address: string;
  /** Sets what an RPC answers from now on, by its method name. */
  answer(method: string, answer: Answer): void;
  stop(): Promise<void>;
}

const services = [
  CaseServiceService,
  ConfigurationServiceService,
  PointsServiceService,
  ProgrammeServiceService,
  SimulationServiceService,
  TierServiceService,
  LiabilityServiceService,
  PurchaseServiceService,
  RewardServiceService,
  RedemptionServiceService,
  CouponServiceService,
  AdjustmentServiceService,
  HoldServiceService,
  OpeningServiceService,
  ReconciliationServiceService,
  MemberServiceService,
  MemberAccessServiceService,
  MemberDirectoryServiceService,
  DuplicateServiceService,
  MergeServiceService,
  VerificationServiceService,
  PrivacyRequestServiceService,
  MemberParticularsServiceService,
  MessageServiceService,
  StoreServiceService,
  FollowUpServiceService,
];

export async function startOwners(): Promise<TestOwners> {
  const answers = new Map<string, Answer>();
  const server = new Server();
  for (const service of services) {
    const handlers = Object.keys(service).map((method) => [method, handlerOf(method, answers)]);
    server.addService(service, Object.fromEntries(handlers) as never);
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  return {
    address: `127.0.0.1:${port}`,
    answer: (method, answer) => void answers.set(method, answer),
    stop: async () => server.forceShutdown(),
  };
}

function handlerOf(method: string, answers: ReadonlyMap<string, Answer>): Handler {
  return (call, respond) => {
    void (async () => {
      const answer = answers.get(method);
      if (!answer) throw new Error(`the test does not say what ${method} answers`);
      return answer(call.request);
    })().then(
      (value) => respond(null, value),
      (error: unknown) =>
        respond(error instanceof Refusal ? error.toStatus() : { code: status.INTERNAL, details: 'INTERNAL' }),
    );
  };
}

/** Every item credited with 128 points. */
export function creditAll({ items }: { items: readonly PostPurchaseItem[] }): { results: PostPurchaseResult[] } {
  return { results: items.map(() => creditedResult) };
}

export const creditedResult: PostPurchaseResult = {
  replayed: false,
  outcome: {
    $case: 'credited',
    value: {
      purchaseId: '0199c0de-0000-7000-8000-000000000001',
      memberId: '0199c0de-0000-7000-8000-000000000002',
      pointsEarned: 128,
      balance: 1280,
      tier: { tier: 'gold', nextTier: 'platinum', missingMinor: 487_200, spentMinor: 12_800 },
      receiptText: { zhCn: '本次积分 128，余额 1280', en: 'Points earned 128, balance 1280' },
      entryId: '0199c0de-0000-7000-8000-000000000003',
      couponCodes: [],
    },
  },
};
