import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import {
  type BacktestReport,
  type GetBacktestRequest,
  type GetBacktestResponse,
  type SimulatePurchaseRequest,
  type SimulatePurchaseResponse,
  SimulationServiceService,
  type StartBacktestRequest,
  type StartBacktestResponse,
} from '@regulars/contracts/loyalty/v1/simulations';
import { principalOf, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { stepsInWords } from '../points/explain.js';
import { isUuid } from '../programmes/checks.js';
import type { BacktestRow } from './backtest.js';
import { BacktestsService } from './backtests.service.js';
import { SimulationsService } from './simulations.service.js';

/** gRPC ⇄ simulations. */
@Controller()
@RpcController(SimulationServiceService)
export class SimulationsController implements RpcHandlers<typeof SimulationServiceService> {
  constructor(
    private readonly simulations: SimulationsService,
    private readonly backtests: BacktestsService,
  ) {}

  async simulatePurchase(request: SimulatePurchaseRequest): Promise<SimulatePurchaseResponse> {
    const { programmeId, version, purchase } = request;
    if (!isUuid(programmeId)) throw refusal('NOT_FOUND', 'VERSION_UNKNOWN');
    const result = await this.simulations.purchase(programmeId, version, purchase);
    switch (result.outcome) {
      case 'simulated': {
        const { accrued, standing, expiresMs } = result.simulated;
        return {
          points: accrued.points,
          tier: standing.tier.code,
          countedMinor: accrued.countedMinor,
          steps: stepsInWords(accrued.steps, result.ruleOf),
          expiresAt: expiresMs === undefined ? undefined : new Date(expiresMs),
        };
      }
      case 'not-found':
        throw refusal('NOT_FOUND', 'VERSION_UNKNOWN');
      case 'malformed':
        throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: result.faults });
    }
  }

  async startBacktest(request: StartBacktestRequest, metadata: Metadata): Promise<StartBacktestResponse> {
    if (!isUuid(request.programmeId)) throw refusal('NOT_FOUND', 'VERSION_UNKNOWN');
    const result = await this.backtests.request({ ...request, requestedBy: principalOf(metadata).sub });
    switch (result.outcome) {
      case 'requested':
        return { backtest: reportOf(result.row) };
      case 'not-found':
        throw refusal('NOT_FOUND', 'VERSION_UNKNOWN');
      case 'malformed':
        throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: result.faults });
    }
  }

  async getBacktest({ programmeId, backtestId }: GetBacktestRequest): Promise<GetBacktestResponse> {
    const areIds = isUuid(programmeId) && isUuid(backtestId);
    const found = areIds ? await this.backtests.find(programmeId, backtestId) : undefined;
    if (!found) throw refusal('NOT_FOUND', 'BACKTEST_UNKNOWN');
    return { backtest: reportOf(found) };
  }
}

function reportOf({ result, finishedAt, ...row }: BacktestRow): BacktestReport {
  const { backtestId, programmeId, version, fromDate, untilDate, membersPercent, requestedAt } = row;
  const outcome = result
    ? { ...result, mostGained: [...result.mostGained], mostLost: [...result.mostLost], byRule: [...result.byRule] }
    : undefined;
  return {
    backtestId,
    programmeId,
    version,
    fromDate,
    untilDate,
    membersPercent,
    requestedAt,
    finishedAt: finishedAt ?? undefined,
    outcome,
  };
}
