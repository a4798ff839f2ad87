import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import {
  type Adjustment,
  AdjustmentKind,
  AdjustmentServiceService,
  AdjustmentState,
  type DecideAdjustmentRequest,
  type DecideAdjustmentResponse,
  type ListAdjustmentsRequest,
  type ListAdjustmentsResponse,
  type RequestAdjustmentRequest,
  type RequestAdjustmentResponse,
} from '@regulars/contracts/loyalty/v1/adjustments';
import {
  isDryRun,
  pageOf,
  principalOf,
  type RefusalStatus,
  RpcController,
  type RpcHandlers,
  refusal,
  TakesDryRuns,
} from '@regulars/service';
import { isUuid } from '../programmes/terms.js';
import { isPlain } from '../receipts/receipt.js';
import type { AdjustmentRow } from './adjustment.js';
import { type Adjusted, type AdjustmentRefusal, AdjustmentsService } from './adjustments.service.js';

const MOST_POINTS = 1_000_000_000;

/** gRPC ⇄ adjustments. */
@Controller()
@RpcController(AdjustmentServiceService)
export class AdjustmentsController implements RpcHandlers<typeof AdjustmentServiceService> {
  constructor(private readonly adjustments: AdjustmentsService) {}

  @TakesDryRuns()
  async requestAdjustment(request: RequestAdjustmentRequest, metadata: Metadata): Promise<RequestAdjustmentResponse> {
    const { memberId, programmeId, points, reason } = request;
    if (!isUuid(memberId)) throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
    if (!isUuid(programmeId)) throw refusal('NOT_FOUND', 'PROGRAMME_UNKNOWN');
    if (!Number.isSafeInteger(points) || points === 0 || Math.abs(points) > MOST_POINTS) {
      throw malformed('/points', 'expected a whole number other than 0');
    }
    if (!isPlain(reason, 500)) throw malformed('/reason', 'expected 1 to 500 characters');
    const kind = kindOf(request.kind);
    if (!kind) throw malformed('/kind', 'expected goodwill or correction');
    const adjusting = { memberId, programmeId, points, kind, reason };
    return answerOf(await this.adjustments.request(writingOf(request, metadata), adjusting));
  }

  @TakesDryRuns()
  async decideAdjustment(request: DecideAdjustmentRequest, metadata: Metadata): Promise<DecideAdjustmentResponse> {
    const { adjustmentId, approve } = request;
    if (!isUuid(adjustmentId)) throw refusal('NOT_FOUND', 'ADJUSTMENT_UNKNOWN');
    return answerOf(await this.adjustments.decide(writingOf(request, metadata), adjustmentId, approve));
  }

  async listAdjustments(request: ListAdjustmentsRequest): Promise<ListAdjustmentsResponse> {
    const page = pageOf(request.page);
    const [after] = page?.after ?? [];
    if (!page || (after !== undefined && !isUuid(String(after)))) {
      throw malformed('/page/cursor', 'is no cursor of this list');
    }
    const found = await this.adjustments.list(stateOf(request.state), page);
    return { adjustments: found.page.map(adjustmentOf), nextCursor: found.nextCursor };
  }
}

const kinds = { goodwill: AdjustmentKind.GOODWILL, correction: AdjustmentKind.CORRECTION } as const;
const states = {
  proposed: AdjustmentState.PROPOSED,
  booked: AdjustmentState.BOOKED,
  rejected: AdjustmentState.REJECTED,
} as const;

function kindOf(kind: AdjustmentKind): AdjustmentRow['kind'] | undefined {
  return (['goodwill', 'correction'] as const).find((each) => kinds[each] === kind);
}

function stateOf(state: AdjustmentState): AdjustmentRow['state'] | undefined {
  return (['proposed', 'booked', 'rejected'] as const).find((each) => states[each] === state);
}

function writingOf({ idempotencyKey }: { idempotencyKey: string }, metadata: Metadata) {
  if (!isPlain(idempotencyKey, 255)) throw malformed('/idempotencyKey', 'is needed');
  return { caller: principalOf(metadata).sub, key: idempotencyKey, isDryRun: isDryRun(metadata) };
}

function adjustmentOf({ decidedBy, decidedAt, entryId, ...row }: AdjustmentRow): Adjustment {
  return {
    ...row,
    kind: kinds[row.kind],
    state: states[row.state],
    decidedBy: decidedBy ?? '',
    decidedAt: decidedAt ?? undefined,
    entryId: entryId ?? '',
  };
}

const statuses: Partial<Record<AdjustmentRefusal, RefusalStatus>> = {
  IDEMPOTENCY_KEY_REUSED: 'ALREADY_EXISTS',
  PROGRAMME_UNKNOWN: 'NOT_FOUND',
  MEMBER_UNKNOWN: 'NOT_FOUND',
  ADJUSTMENT_UNKNOWN: 'NOT_FOUND',
};

function answerOf(result: Adjusted) {
  if (result.outcome === 'refused') throw refusal(statuses[result.reason] ?? 'FAILED_PRECONDITION', result.reason);
  return { adjustment: adjustmentOf(result.adjustment), replayed: result.replayed };
}

function malformed(pointer: string, message: string) {
  return refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: [{ pointer, message }] });
}
