import { Controller } from '@nestjs/common';
import {
  type GetLiabilityRequest,
  type GetLiabilityResponse,
  LiabilityServiceService,
} from '@regulars/contracts/loyalty/v1/liability';
import { RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { isUuid } from '../programmes/checks.js';
import { LiabilityService } from './liability.service.js';

/** gRPC ⇄ liability. */
@Controller()
@RpcController(LiabilityServiceService)
export class LiabilityController implements RpcHandlers<typeof LiabilityServiceService> {
  constructor(private readonly liabilities: LiabilityService) {}

  async getLiability({ programmeId }: GetLiabilityRequest): Promise<GetLiabilityResponse> {
    const found = isUuid(programmeId) ? await this.liabilities.of(programmeId) : undefined;
    if (!found) throw refusal('NOT_FOUND', 'PROGRAMME_UNKNOWN');
    const { asOf, liability, balances, debts, expectedBreakage, rateE4, cohorts } = found;
    return {
      programmeId,
      asOf,
      liability,
      balances,
      debts,
      expectedBreakage,
      breakageRateE4: rateE4 ?? -1,
      cohorts: cohorts.map(({ month, issued, used, ended, remaining, lastEndMs, expectedBreakage: expected }) => ({
        month,
        issued,
        used,
        ended,
        remaining,
        lastEnd: lastEndMs === undefined ? undefined : new Date(lastEndMs),
        expectedBreakage: expected,
      })),
    };
  }
}
