import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import {
  type ChangeStockRequest,
  type ChangeStockResponse,
  type CreateRewardRequest,
  type CreateRewardResponse,
  type GetRewardRequest,
  type GetRewardResponse,
  type ListRewardsRequest,
  type ListRewardsResponse,
  type Reward,
  RewardServiceService,
} from '@regulars/contracts/loyalty/v1/rewards';
import {
  isDryRun,
  pageOf,
  principalOf,
  RpcController,
  type RpcHandlers,
  refusal,
  TakesDryRuns,
} from '@regulars/service';
import { isUuid } from '../programmes/terms.js';
import { isPlain } from '../receipts/receipt.js';
import type { RewardRow } from './reward.js';
import { type ChangedStock, type CreatedReward, RewardsService } from './rewards.service.js';

/** gRPC ⇄ rewards. */
@Controller()
@RpcController(RewardServiceService)
export class RewardsController implements RpcHandlers<typeof RewardServiceService> {
  constructor(private readonly rewards: RewardsService) {}

  @TakesDryRuns()
  async createReward(request: CreateRewardRequest, metadata: Metadata): Promise<CreateRewardResponse> {
    const { terms, stock } = request;
    if (terms && !isUuid(terms.programmeId)) throw refusal('NOT_FOUND', 'PROGRAMME_UNKNOWN');
    return answerOf(await this.rewards.create(writingOf(request, metadata), terms, stock));
  }

  async getReward({ rewardId }: GetRewardRequest): Promise<GetRewardResponse> {
    const reward = isUuid(rewardId) ? await this.rewards.find(rewardId) : undefined;
    if (!reward) throw refusal('NOT_FOUND', 'REWARD_UNKNOWN');
    return { reward: rewardOf(reward) };
  }

  async listRewards({ programmeId, page: asked }: ListRewardsRequest): Promise<ListRewardsResponse> {
    if (!isUuid(programmeId)) throw refusal('NOT_FOUND', 'PROGRAMME_UNKNOWN');
    const page = pageOf(asked);
    if (!page) throw malformed('/page/cursor', 'is no cursor of this list');
    const found = await this.rewards.list(programmeId, page);
    return { rewards: found.page.map(rewardOf), nextCursor: found.nextCursor };
  }

  @TakesDryRuns()
  async changeStock(request: ChangeStockRequest, metadata: Metadata): Promise<ChangeStockResponse> {
    const { rewardId, change } = request;
    if (!isUuid(rewardId)) throw refusal('NOT_FOUND', 'REWARD_UNKNOWN');
    if (!Number.isSafeInteger(change) || change === 0 || Math.abs(change) > 1_000_000_000) {
      throw malformed('/change', 'expected a whole number other than 0');
    }
    return answerOf(await this.rewards.changeStock(writingOf(request, metadata), rewardId, change));
  }
}

function writingOf({ idempotencyKey }: { idempotencyKey: string }, metadata: Metadata) {
  if (!isPlain(idempotencyKey, 255)) throw malformed('/idempotencyKey', 'is needed');
  return { caller: principalOf(metadata).sub, key: idempotencyKey, isDryRun: isDryRun(metadata) };
}

function rewardOf({ rewardId, terms, stock }: RewardRow): Reward {
  return { rewardId, terms, stock: stock ?? undefined };
}

function answerOf(result: CreatedReward | ChangedStock) {
  switch (result.outcome) {
    case 'done':
      return { reward: rewardOf(result.reward), replayed: result.replayed };
    case 'malformed':
      throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: result.faults });
    case 'refused':
      throw refusal(statuses[result.reason], result.reason);
  }
}

const statuses = {
  REWARD_CODE_TAKEN: 'ALREADY_EXISTS',
  IDEMPOTENCY_KEY_REUSED: 'ALREADY_EXISTS',
  PROGRAMME_UNKNOWN: 'NOT_FOUND',
  REWARD_UNKNOWN: 'NOT_FOUND',
  STOCK_NOT_COUNTED: 'FAILED_PRECONDITION',
  STOCK_WOULD_BE_NEGATIVE: 'FAILED_PRECONDITION',
} as const;

function malformed(pointer: string, message: string) {
  return refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: [{ pointer, message }] });
}
