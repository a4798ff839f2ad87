import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type DismissDuplicateRequest,
  type DismissDuplicateResponse,
  type Duplicate,
  DuplicateReason,
  DuplicateServiceService,
  DuplicateState,
  type ListDuplicatesRequest,
  type ListDuplicatesResponse,
} from '@regulars/contracts/members/v1/duplicates';
import type { Member } from '@regulars/contracts/members/v1/members';
import { principalOf, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { validate as isUuid } from 'uuid';
import { isMoment, pageIn } from '../requests.js';
import { DuplicatesService } from './duplicates.service.js';
import type { DuplicateRow, MatchKind } from './match.js';

/** gRPC ⇄ duplicates. */
@Controller()
@RpcController(DuplicateServiceService)
export class DuplicatesController implements RpcHandlers<typeof DuplicateServiceService> {
  constructor(@Inject(DuplicatesService) private readonly duplicates: DuplicatesService) {}

  async listDuplicates(request: ListDuplicatesRequest, metadata: Metadata): Promise<ListDuplicatesResponse> {
    const page = pageIn(request.page, isMoment, isUuid);
    const state = request.state === DuplicateState.DISMISSED ? 'dismissed' : 'proposed';
    const { duplicates, nextCursor } = await this.duplicates.list(principalOf(metadata), state, page);
    return { duplicates: duplicates.map(told), nextCursor };
  }

  async dismissDuplicate(
    { duplicateId }: DismissDuplicateRequest,
    metadata: Metadata,
  ): Promise<DismissDuplicateResponse> {
    const pair = isUuid(duplicateId) && (await this.duplicates.dismiss(principalOf(metadata), duplicateId));
    if (!pair) throw refusal('NOT_FOUND', 'DUPLICATE_UNKNOWN');
    return { duplicate: told(pair) };
  }
}

const reasons: Readonly<Record<MatchKind, DuplicateReason>> = {
  'name-and-birthday': DuplicateReason.NAME_AND_BIRTHDAY,
  email: DuplicateReason.EMAIL,
  mobile: DuplicateReason.MOBILE,
};
const states = { proposed: DuplicateState.PROPOSED, dismissed: DuplicateState.DISMISSED } as const;

function told(pair: DuplicateRow & { readonly first: Member; readonly second: Member }): Duplicate {
  const { duplicateId, first, second, foundAt, dismissedBy, dismissedAt } = pair;
  return {
    duplicateId,
    first,
    second,
    reasons: pair.reasons.map((kind) => reasons[kind]),
    foundAt,
    state: states[pair.state],
    dismissedBy: dismissedBy ?? '',
    dismissedAt: dismissedAt ?? undefined,
  };
}
