import { Body, Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import { Call, Write, Writing } from '../access/call.guard.js';
import { id } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { Owners } from '../owners.client.js';
import { versionNumber } from '../programmes/programme.js';
import {
  type BacktestBody,
  backtest,
  backtestAnswer,
  backtestBody,
  type ImaginedBody,
  imaginedBody,
  imaginedOf,
  simulation,
  simulationAnswer,
} from './simulation.js';

/** What a version of a programme would do, before it is published (requirement L3). */
@ApiTags('programmes')
@Controller('v1/programmes/:programmeId')
export class SimulationsController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Post('versions/:version(^\\d+)::simulate')
  @HttpCode(200)
  @Documented({
    summary: 'Try a purchase',
    description: 'What it would earn by a version, draft or published, and why. Nothing is booked.',
    answers: { 200: simulation },
    problems: ['VERSION_UNKNOWN'],
    needsKey: true,
  })
  async simulatePurchase(
    @Param('programmeId', { schema: id }) programmeId: string,
    @Param('version', { schema: versionNumber }) version: number,
    @Body({ schema: imaginedBody }) body: ImaginedBody,
    @Writing() write: Write,
  ) {
    const purchase = imaginedOf(body);
    return simulationAnswer(
      await this.owners.simulations.simulatePurchase({ programmeId, version, purchase }, write.call),
    );
  }

  @Post('versions/:version(^\\d+)::backtest')
  @Documented({
    summary: 'Replay a past period',
    description: 'By a version, draft or published: what it would have cost, who gains, who loses. It runs by itself.',
    answers: { 201: backtest },
    problems: ['VERSION_UNKNOWN'],
  })
  async startBacktest(
    @Param('programmeId', { schema: id }) programmeId: string,
    @Param('version', { schema: versionNumber }) version: number,
    @Body({ schema: backtestBody }) body: BacktestBody,
    @Writing() write: Write,
  ) {
    const started = await this.owners.simulations.startBacktest({ programmeId, version, ...body }, write.call);
    return backtestAnswer(present(started.backtest));
  }

  @Get('backtests/:backtestId')
  @Documented({
    summary: 'Read a backtest',
    description: 'Without an outcome while it waits or runs.',
    answers: { 200: backtest },
    problems: ['BACKTEST_UNKNOWN'],
  })
  async readBacktest(
    @Param('programmeId', { schema: id }) programmeId: string,
    @Param('backtestId', { schema: id }) backtestId: string,
    @Call() call: CallOptions,
  ) {
    const found = await this.owners.simulations.getBacktest({ programmeId, backtestId }, call);
    return backtestAnswer(present(found.backtest));
  }
}
