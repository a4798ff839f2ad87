import type { INestApplicationContext } from '@nestjs/common';
import { Misused, type OpsCommand, type Principal, PrincipalSigner } from '@regulars/service';
import { VisitsService } from './visits.service.js';

const principal: Principal = { sub: 'members', kind: 'service', roles: [], stores: '*' };

/** Whether the visits kept of members are those that loyalty booked (requirements M7, O3). */
export function visitsCommand(app: INestApplicationContext): OpsCommand {
  return {
    name: 'visits compare',
    takes: '<member id> …',
    switches: ['repair'],
    says: 'Compare the visits kept of members with what loyalty booked; 1 while some differ. --repair puts them right.',
    run: async ({ words, flags }) => {
      if (words.length === 0) throw new Misused('a member id is expected');
      const signer = app.get<PrincipalSigner | undefined>(PrincipalSigner);
      if (!signer) throw new Misused('PRINCIPAL_PRIVATE_KEY is needed to ask loyalty');
      const visits = app.get(VisitsService);
      const found: Record<string, unknown>[] = [];
      for (const memberId of words) {
        const compared = await visits.compare(principal, await signer.sign(principal), memberId, flags.repair === true);
        const { outcome } = compared;
        found.push(
          outcome === 'compared'
            ? {
                memberId,
                kept: compared.kept.visits,
                booked: compared.booked.visits,
                differences: compared.differences,
              }
            : { memberId, outcome, ...(outcome === 'refused' && { reason: compared.reason }) },
        );
      }
      const isRight = ({ differences }: Record<string, unknown>) =>
        Array.isArray(differences) && differences.length === 0;
      return { ok: flags.repair ? found.every((each) => 'differences' in each) : found.every(isRight), answer: found };
    },
  };
}
