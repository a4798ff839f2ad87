import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type GetMergeRequest,
  type GetMergeResponse,
  type ListMergesRequest,
  type ListMergesResponse,
  type Merge,
  type MergeMembersRequest,
  type MergeMembersResponse,
  MergeServiceService,
  MergeState,
  type UndoMergeRequest,
  type UndoMergeResponse,
} from '@regulars/contracts/members/v1/merges';
import { principalOf, type Refusal, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import { idempotencyKey } from '../fields.js';
import { pageIn, wellFormed } from '../requests.js';
import type { MergeRow } from './merge.js';
import { type Merged, MergesService } from './merges.service.js';

const id = z.uuid('a UUID').toLowerCase();
const mergeRequest = z.object({ idempotencyKey, survivorId: id, mergedId: id, mobilesMayDiffer: z.boolean() });
const undoRequest = z.object({ idempotencyKey, mergeId: id });

/** gRPC ⇄ merges. */
@Controller()
@RpcController(MergeServiceService)
export class MergesController implements RpcHandlers<typeof MergeServiceService> {
  constructor(@Inject(MergesService) private readonly merges: MergesService) {}

  async mergeMembers(request: MergeMembersRequest, metadata: Metadata): Promise<MergeMembersResponse> {
    return answerOf(await this.merges.merge(principalOf(metadata), wellFormed(mergeRequest, request)));
  }

  async undoMerge(request: UndoMergeRequest, metadata: Metadata): Promise<UndoMergeResponse> {
    const { mergeId, idempotencyKey: key } = wellFormed(undoRequest, request);
    return answerOf(await this.merges.undo(principalOf(metadata), mergeId, key));
  }

  async getMerge({ mergeId }: GetMergeRequest): Promise<GetMergeResponse> {
    const merge = isUuid(mergeId) ? await this.merges.find(mergeId) : undefined;
    if (!merge) throw refusal('NOT_FOUND', 'MERGE_UNKNOWN');
    return { merge: mergeOf(merge) };
  }

  async listMerges({ memberId, page }: ListMergesRequest): Promise<ListMergesResponse> {
    if (!isUuid(memberId)) throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
    const found = await this.merges.list(memberId, pageIn(page, isUuid));
    return { merges: found.page.map(mergeOf), nextCursor: found.nextCursor };
  }
}

const states = {
  ordered: MergeState.ORDERED,
  booked: MergeState.BOOKED,
  'undo-ordered': MergeState.UNDO_ORDERED,
  undone: MergeState.UNDONE,
} as const;

function mergeOf(row: MergeRow): Merge {
  return {
    ...row,
    state: states[row.state],
    bookedAt: row.bookedAt ?? undefined,
    undoOrderedAt: row.undoOrderedAt ?? undefined,
    undoOrderedBy: row.undoOrderedBy ?? '',
    undoneAt: row.undoneAt ?? undefined,
    exact: row.exact ?? undefined,
  };
}

function answerOf(result: Merged<string>): { merge: Merge; replayed: boolean } {
  if (result.outcome === 'refused') throw no(result.reason);
  return { merge: mergeOf(result.merge), replayed: result.replayed };
}

function no(reason: string): Refusal {
  switch (reason) {
    case 'MEMBER_UNKNOWN':
    case 'MERGE_UNKNOWN':
      return refusal('NOT_FOUND', reason);
    case 'STORE_NOT_ALLOWED':
      return refusal('PERMISSION_DENIED', reason);
    case 'IDEMPOTENCY_KEY_REUSED':
      return refusal('ALREADY_EXISTS', reason);
    default:
      return refusal('FAILED_PRECONDITION', reason);
  }
}
