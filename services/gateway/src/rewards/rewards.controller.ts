import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, Write, Writing } from '../access/call.guard.js';
import { DryRunQuery } from '../edge/dry-run.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import {
  type RewardBody,
  type RewardsQuery,
  reward,
  rewardAnswer,
  rewardBody,
  rewardPage,
  rewardsQuery,
  type StockBody,
  stockBody,
  termsOf,
} from './reward.js';

/** The catalogue of rewards (requirement L8). */
@ApiTags('rewards')
@Controller('v1/rewards')
export class RewardsController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Post()
  @DryRunQuery()
  @Documented({
    summary: 'Add a reward to the catalogue',
    answers: { 201: reward, 200: reward },
    problems: ['PROGRAMME_UNKNOWN', 'REWARD_CODE_TAKEN', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async createReward(
    @Body({ schema: rewardBody }) body: RewardBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { idempotencyKey } = write;
    const request = { idempotencyKey, terms: termsOf(body), stock: body.stock };
    const made = await this.owners.rewards.createReward(request, write.call);
    tellReplay(reply, made.replayed);
    return rewardAnswer(present(made.reward));
  }

  @Get()
  @Documented({ summary: 'List rewards by code', answers: { 200: rewardPage }, problems: ['PROGRAMME_UNKNOWN'] })
  async listRewards(@Query({ schema: rewardsQuery }) query: RewardsQuery, @Call() call: CallOptions) {
    const request = { programmeId: query.programmeId, page: pageRequest(query) };
    const { rewards, nextCursor } = await this.owners.rewards.listRewards(request, call);
    return { rewards: rewards.map(rewardAnswer), nextCursor: nextCursor || undefined };
  }

  @Get(':rewardId')
  @Documented({ summary: 'Read a reward', answers: { 200: reward }, problems: ['REWARD_UNKNOWN'] })
  async readReward(@Param('rewardId', { schema: id }) rewardId: string, @Call() call: CallOptions) {
    return rewardAnswer(present((await this.owners.rewards.getReward({ rewardId }, call)).reward));
  }

  @Post(':rewardId/stock')
  @DryRunQuery()
  @Documented({
    summary: 'Add to the stock of a reward or take from it',
    answers: { 201: reward, 200: reward },
    problems: ['REWARD_UNKNOWN', 'STOCK_NOT_COUNTED', 'STOCK_WOULD_BE_NEGATIVE', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async changeStock(
    @Param('rewardId', { schema: id }) rewardId: string,
    @Body({ schema: stockBody }) { change }: StockBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { idempotencyKey: write.idempotencyKey, rewardId, change };
    const changed = await this.owners.rewards.changeStock(request, write.call);
    tellReplay(reply, changed.replayed);
    return rewardAnswer(present(changed.reward));
  }
}
