import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import {
  type AddOpeningPartRequest,
  type AddOpeningPartResponse,
  type BeginOpeningRequest,
  type BeginOpeningResponse,
  type CompleteOpeningRequest,
  type CompleteOpeningResponse,
  type GetOpeningRequest,
  type GetOpeningResponse,
  type ListOpeningRejectionsRequest,
  type ListOpeningRejectionsResponse,
  type ListOpeningsRequest,
  type ListOpeningsResponse,
  type Opening,
  OpeningBalance,
  OpeningServiceService,
  OpeningState,
  type UndoOpeningRequest,
  type UndoOpeningResponse,
} from '@regulars/contracts/loyalty/v1/openings';
import { pageOf, principalOf, type RefusalStatus, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { isUuid } from '../programmes/terms.js';
import { isPlain } from '../receipts/receipt.js';
import { balanceOf, type OpeningRow } from './opening.js';
import { OpeningsService } from './openings.service.js';

const MOST_PART_BYTES = 1024 * 1024;
const MOST_PARTS = 4_096;

const states = {
  receiving: OpeningState.RECEIVING,
  booking: OpeningState.BOOKING,
  done: OpeningState.DONE,
  failed: OpeningState.FAILED,
  undoing: OpeningState.UNDOING,
  undone: OpeningState.UNDONE,
} as const;

const balances = {
  matches: OpeningBalance.MATCHES,
  waits: OpeningBalance.WAITS,
  differs: OpeningBalance.DIFFERS,
} as const;

/** gRPC ⇄ openings. */
@Controller()
@RpcController(OpeningServiceService)
export class OpeningsController implements RpcHandlers<typeof OpeningServiceService> {
  constructor(private readonly openings: OpeningsService) {}

  async beginOpening(request: BeginOpeningRequest, metadata: Metadata): Promise<BeginOpeningResponse> {
    const { programmeId, source, dryRun, expected } = request;
    const caller = callerFor(metadata);
    if (!isUuid(programmeId)) throw refusal('NOT_FOUND', 'PROGRAMME_UNKNOWN');
    if (!/^(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(source)) {
      throw malformed('/source', 'expected a lower-case word with dashes, such as old-club');
    }
    const isCount = (count: number) => Number.isSafeInteger(count) && count >= 0;
    if (expected && !(isCount(expected.rows) && isCount(expected.points))) {
      throw malformed('/expected', 'expected whole numbers, 0 or more');
    }
    const beginning = { programmeId, source, isDryRun: dryRun, expected: expected ?? null };
    return answerOf(await this.openings.begin({ caller, key: keyIn(request) }, beginning));
  }

  async addOpeningPart(request: AddOpeningPartRequest, metadata: Metadata): Promise<AddOpeningPartResponse> {
    callerFor(metadata);
    const { openingId, part, content } = request;
    if (part < 0 || part >= MOST_PARTS) throw malformed('/part', `expected 0 to ${MOST_PARTS - 1}`);
    if (content.length > MOST_PART_BYTES) throw malformed('/content', 'expected at most 1 MiB');
    const kept = await this.openings.keep(known(openingId), part, content);
    if (kept.outcome === 'refused') throw refused(kept.reason);
    return {};
  }

  async completeOpening(request: CompleteOpeningRequest, metadata: Metadata): Promise<CompleteOpeningResponse> {
    callerFor(metadata);
    const completed = await this.openings.complete(known(request.openingId), request.parts);
    if (completed.outcome === 'refused') throw refused(completed.reason);
    return { opening: openingOf(completed.opening) };
  }

  async getOpening({ openingId }: GetOpeningRequest, metadata: Metadata): Promise<GetOpeningResponse> {
    callerFor(metadata);
    const found = await this.openings.find(known(openingId));
    if (!found) throw refused('OPENING_UNKNOWN');
    return { opening: openingOf(found) };
  }

  async listOpenings(request: ListOpeningsRequest, metadata: Metadata): Promise<ListOpeningsResponse> {
    callerFor(metadata);
    if (!isUuid(request.programmeId)) throw refusal('NOT_FOUND', 'PROGRAMME_UNKNOWN');
    const page = pageOf(request.page);
    if (!page || !(page.after?.every((part) => isUuid(String(part))) ?? true)) throw wrongCursor();
    const found = await this.openings.list(request.programmeId, page);
    return { openings: found.page.map(openingOf), nextCursor: found.nextCursor };
  }

  async listOpeningRejections(
    request: ListOpeningRejectionsRequest,
    metadata: Metadata,
  ): Promise<ListOpeningRejectionsResponse> {
    callerFor(metadata);
    const page = pageOf(request.page);
    if (!page || !(page.after?.every(Number.isSafeInteger) ?? true)) throw wrongCursor();
    const found = await this.openings.rejections(known(request.openingId), page);
    if (!found) throw refused('OPENING_UNKNOWN');
    const rejections = found.page.map(({ line, pointer, reason, message }) => ({ line, pointer, reason, message }));
    return { rejections, nextCursor: found.nextCursor };
  }

  async undoOpening(request: UndoOpeningRequest, metadata: Metadata): Promise<UndoOpeningResponse> {
    const caller = callerFor(metadata);
    return answerOf(await this.openings.undo({ caller, key: keyIn(request) }, known(request.openingId)));
  }
}

/** A file has members of any store. */
function callerFor(metadata: Metadata): string {
  const { sub, stores } = principalOf(metadata);
  if (stores !== '*') throw refusal('PERMISSION_DENIED', 'STORE_NOT_ALLOWED');
  return sub;
}

function keyIn({ idempotencyKey }: { readonly idempotencyKey: string }): string {
  if (!isPlain(idempotencyKey, 255)) throw malformed('/idempotencyKey', 'is needed');
  return idempotencyKey;
}

function known(openingId: string): string {
  if (!isUuid(openingId)) throw refused('OPENING_UNKNOWN');
  return openingId;
}

function answerOf(changed: Awaited<ReturnType<OpeningsService['begin' | 'undo']>>) {
  if (changed.outcome === 'refused') throw refused(changed.reason);
  return { opening: openingOf(changed.opening), replayed: changed.replayed };
}

const statuses: Readonly<Record<string, RefusalStatus>> = {
  OPENING_UNKNOWN: 'NOT_FOUND',
  PROGRAMME_UNKNOWN: 'NOT_FOUND',
  IDEMPOTENCY_KEY_REUSED: 'ALREADY_EXISTS',
};

function refused(reason: string) {
  return refusal(statuses[reason] ?? 'FAILED_PRECONDITION', reason);
}

function openingOf(row: OpeningRow): Opening {
  const { isDryRun, expected, doneAt, undoneAt, state, isSummed: _isSummed, line: _line, ...rest } = row;
  const balance = balanceOf(row);
  return {
    ...rest,
    dryRun: isDryRun,
    state: states[state],
    expected: expected ?? undefined,
    balance: balance ? balances[balance] : OpeningBalance.UNSPECIFIED,
    doneAt: doneAt ?? undefined,
    undoneAt: undoneAt ?? undefined,
  };
}

function malformed(pointer: string, message: string) {
  return refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: [{ pointer, message }] });
}

function wrongCursor() {
  return malformed('/page/cursor', 'is no cursor of this list');
}
