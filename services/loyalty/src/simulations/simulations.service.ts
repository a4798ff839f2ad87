import { Injectable } from '@nestjs/common';
import { InvalidAmount } from '@regulars/amounts';
import type { ImaginedPurchase } from '@regulars/contracts/loyalty/v1/simulations';
import type { RuleNames } from '../points/explain.js';
import type { Fault } from '../programmes/checks.js';
import { policyOf } from '../programmes/policy.js';
import { ProgrammesService } from '../programmes/programmes.service.js';
import { faultsOfImagined, type Simulated, simulate } from './simulate.js';

export type Simulation =
  | { readonly outcome: 'simulated'; readonly simulated: Simulated; readonly ruleOf: RuleNames }
  | { readonly outcome: 'not-found' }
  | { readonly outcome: 'malformed'; readonly faults: readonly Fault[] };

/** Tries versions of programmes without booking anything (requirement L3). */
@Injectable()
export class SimulationsService {
  constructor(private readonly programmes: ProgrammesService) {}

  /** What one purchase would earn by a version, draft or published. */
  async purchase(programmeId: string, version: number, imagined: ImaginedPurchase | undefined): Promise<Simulation> {
    const row = await this.programmes.version(programmeId, version);
    if (!row) return { outcome: 'not-found' };
    const policy = policyOf(version, row.effectiveFrom ?? '', row.terms);
    const faults = faultsOfImagined(imagined, policy);
    if (faults.length > 0 || !imagined) return { outcome: 'malformed', faults };
    try {
      const simulated = simulate(policy, imagined);
      return { outcome: 'simulated', simulated, ruleOf: (number) => policy.rules[number - 1] };
    } catch (error) {
      if (!(error instanceof InvalidAmount)) throw error;
      return {
        outcome: 'malformed',
        faults: [{ pointer: '/purchase/lines', message: 'come to more than can be reckoned' }],
      };
    }
  }
}
