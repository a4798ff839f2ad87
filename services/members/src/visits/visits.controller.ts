import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type CompareVisitsRequest,
  type CompareVisitsResponse,
  type GetVisitsRequest,
  type GetVisitsResponse,
  VisitDifferenceKind,
  type Visit as VisitMessage,
  VisitServiceService,
} from '@regulars/contracts/members/v1/visits';
import { principalOf, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { callerOf, purposeOf } from '../requests.js';
import type { Visit } from './visit.js';
import { VisitsService } from './visits.service.js';

const kinds = {
  missing: VisitDifferenceKind.MISSING,
  surplus: VisitDifferenceKind.SURPLUS,
  otherwise: VisitDifferenceKind.OTHERWISE,
} as const;

/** gRPC ⇄ visits. */
@Controller()
@RpcController(VisitServiceService)
export class VisitsController implements RpcHandlers<typeof VisitServiceService> {
  constructor(@Inject(VisitsService) private readonly visits: VisitsService) {}

  async getVisits({ memberId, purpose }: GetVisitsRequest, metadata: Metadata): Promise<GetVisitsResponse> {
    const caller = callerOf(metadata);
    const { kind, sub } = caller.principal;
    if (kind === 'member' && sub !== memberId) throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
    const known = await this.visits.of(caller, memberId, purposeOf(purpose) ?? 'service');
    if (known.outcome === 'refused') throw no(known.reason);
    const { figures, last, since } = known;
    return { figures, last: last.map(messageOf), since };
  }

  async compareVisits(request: CompareVisitsRequest, metadata: Metadata): Promise<CompareVisitsResponse> {
    const { memberId, repair } = request;
    const principal = principalOf(metadata);
    // Members read what is theirs; comparing is for those who see to it.
    if (principal.kind === 'member') throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
    const signed = String(metadata.get('principal')[0] ?? '');
    const compared = await this.visits.compare(principal, signed, memberId, repair);
    switch (compared.outcome) {
      case 'compared': {
        const { kept, booked, repaired } = compared;
        const differences = compared.differences.map(({ purchaseId, kind }) => ({ purchaseId, kind: kinds[kind] }));
        return { kept, booked, differences, repaired };
      }
      case 'refused':
        throw no(compared.reason);
      case 'out':
        throw refusal('UNAVAILABLE', 'LOYALTY_UNAVAILABLE');
    }
  }
}

function no(reason: 'MEMBER_UNKNOWN' | 'MEMBER_RESTRICTED') {
  return refusal(reason === 'MEMBER_UNKNOWN' ? 'NOT_FOUND' : 'FAILED_PRECONDITION', reason);
}

function messageOf({ offsetMinutes, lines, givenBack, ...visit }: Visit): VisitMessage {
  return {
    ...visit,
    rungAtOffsetMinutes: offsetMinutes,
    lines: lines.map(([sku, name, category, quantityMilli, amountMinor]) => ({
      sku,
      name,
      category,
      quantityMilli,
      amountMinor,
    })),
    givenBack: givenBack.map(([line, quantityMilli, amountMinor]) => ({ line, quantityMilli, amountMinor })),
  };
}
