import { Controller } from '@nestjs/common';
import {
  type SimulatePurchaseRequest,
  type SimulatePurchaseResponse,
  SimulationServiceService,
} from '@regulars/contracts/loyalty/v1/simulations';
import { RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { stepsInWords } from '../points/explain.js';
import { isUuid } from '../programmes/checks.js';
import { SimulationsService } from './simulations.service.js';

/** gRPC ⇄ simulations. */
@Controller()
@RpcController(SimulationServiceService)
export class SimulationsController implements RpcHandlers<typeof SimulationServiceService> {
  constructor(private readonly simulations: SimulationsService) {}

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
}
