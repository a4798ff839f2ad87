import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import {
  type CancelRedemptionRequest,
  type CancelRedemptionResponse,
  type ConfirmRedemptionRequest,
  type ConfirmRedemptionResponse,
  type FulfilRedemptionRequest,
  type FulfilRedemptionResponse,
  type GetRedemptionRequest,
  type GetRedemptionResponse,
  type ListRedemptionsRequest,
  type ListRedemptionsResponse,
  type Redemption,
  RedemptionServiceService,
  RedemptionState,
  type ReserveRedemptionRequest,
  type ReserveRedemptionResponse,
} from '@regulars/contracts/loyalty/v1/redemptions';
import {
  isDryRun,
  mayActFor,
  type Principal,
  pageOf,
  principalOf,
  type RefusalStatus,
  RpcController,
  type RpcHandlers,
  refusal,
  TakesDryRuns,
} from '@regulars/service';
import { isUuid } from '../programmes/terms.js';
import { isPlain, isWellFormedReceipt } from '../receipts/receipt.js';
import { allowedIn, type RedemptionRow } from './redemption.js';
import { type Changed, type Changing, RedemptionsService, type ReserveRefusal } from './redemptions.service.js';

const USUAL_HOLD_SECONDS = 900;

/** gRPC ⇄ redemptions. */
@Controller()
@RpcController(RedemptionServiceService)
export class RedemptionsController implements RpcHandlers<typeof RedemptionServiceService> {
  constructor(private readonly redemptions: RedemptionsService) {}

  @TakesDryRuns()
  async reserveRedemption(request: ReserveRedemptionRequest, metadata: Metadata): Promise<ReserveRedemptionResponse> {
    const principal = principalOf(metadata);
    const { idempotencyKey, member, storeId, tillId, rewardId, quantity } = request;
    const holdSeconds = request.holdSeconds || USUAL_HOLD_SECONDS;
    if (!member?.by) throw malformed('/member', 'is needed');
    if (!isPlain(idempotencyKey, 255)) throw malformed('/idempotencyKey', 'is needed');
    if (quantity < 1 || quantity > 100_000) throw malformed('/quantity', 'expected 1 to 100000');
    if (holdSeconds < 30 || holdSeconds > 86_400) throw malformed('/holdSeconds', 'expected 30 to 86400');
    if (!isUuid(rewardId)) throw refusal('NOT_FOUND', 'REWARD_UNKNOWN');
    if (!mayActAt(principal, { storeId, tillId })) throw refusal('PERMISSION_DENIED', 'STORE_NOT_ALLOWED');
    const result = await this.redemptions.reserve({
      caller: principal.sub,
      key: idempotencyKey,
      isDryRun: isDryRun(metadata),
      member,
      storeId,
      tillId,
      rewardId,
      quantity,
      holdSeconds,
    });
    switch (result.outcome) {
      case 'done':
        return { redemption: redemptionOf(result.row), balance: result.balance, replayed: result.replayed };
      case 'refused':
        if (result.reason === 'IDEMPOTENCY_KEY_REUSED') throw refusal('ALREADY_EXISTS', result.reason);
        throw refusal(reserveStatuses[result.reason] ?? 'FAILED_PRECONDITION', result.reason);
    }
  }

  @TakesDryRuns()
  async confirmRedemption(request: ConfirmRedemptionRequest, metadata: Metadata): Promise<ConfirmRedemptionResponse> {
    const changing = await this.changing(request, metadata);
    const { receipt } = request;
    if (receipt && !isWellFormedReceipt(receipt)) throw malformed('/receipt', 'is not complete');
    if (receipt && !mayActFor(principalOf(metadata), receipt.storeId)) {
      throw refusal('PERMISSION_DENIED', 'STORE_NOT_ALLOWED');
    }
    return answerOf(await this.redemptions.confirm(changing, receipt ?? null), 'NOT_RESERVED');
  }

  @TakesDryRuns()
  async cancelRedemption(request: CancelRedemptionRequest, metadata: Metadata): Promise<CancelRedemptionResponse> {
    const changing = await this.changing(request, metadata);
    return answerOf(await this.redemptions.cancel(changing), 'NOT_RESERVED');
  }

  @TakesDryRuns()
  async fulfilRedemption(request: FulfilRedemptionRequest, metadata: Metadata): Promise<FulfilRedemptionResponse> {
    const changing = await this.changing(request, metadata);
    return answerOf(await this.redemptions.fulfil(changing), 'NOT_CONFIRMED');
  }

  async getRedemption({ redemptionId }: GetRedemptionRequest, metadata: Metadata): Promise<GetRedemptionResponse> {
    const principal = principalOf(metadata);
    const row = await this.known(redemptionId);
    if (principal.kind === 'member' && principal.sub !== row.memberId) throw refusal('NOT_FOUND', 'REDEMPTION_UNKNOWN');
    return { redemption: redemptionOf(row) };
  }

  async listRedemptions(request: ListRedemptionsRequest, metadata: Metadata): Promise<ListRedemptionsResponse> {
    const principal = principalOf(metadata);
    const { memberId } = request;
    if (!isUuid(memberId) || (principal.kind === 'member' && principal.sub !== memberId)) {
      throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
    }
    const page = pageOf(request.page);
    const [after] = page?.after ?? [];
    if (!page || (after !== undefined && !isUuid(String(after)))) {
      throw malformed('/page/cursor', 'is no cursor of this list');
    }
    const found = await this.redemptions.list(memberId, page);
    return { redemptions: found.page.map(redemptionOf), nextCursor: found.nextCursor };
  }

  /** The redemption that a caller may change, at whichever till of its store: one till may end what another began. */
  private async changing(
    { idempotencyKey, redemptionId }: { idempotencyKey: string; redemptionId: string },
    metadata: Metadata,
  ): Promise<Changing> {
    const principal = principalOf(metadata);
    if (!isPlain(idempotencyKey, 255)) throw malformed('/idempotencyKey', 'is needed');
    const row = await this.known(redemptionId);
    if (!mayActFor(principal, row.storeId)) throw refusal('PERMISSION_DENIED', 'STORE_NOT_ALLOWED');
    return { caller: principal.sub, key: idempotencyKey, isDryRun: isDryRun(metadata), row };
  }

  private async known(redemptionId: string): Promise<RedemptionRow> {
    const row = isUuid(redemptionId) ? await this.redemptions.find(redemptionId) : undefined;
    if (!row) throw refusal('NOT_FOUND', 'REDEMPTION_UNKNOWN');
    return row;
  }
}

/** A till acts for itself; people and machines for the stores in their scope. */
function mayActAt(principal: Principal, { storeId, tillId }: { storeId: string; tillId: string }): boolean {
  return mayActFor(principal, storeId) && (principal.kind !== 'till' || principal.sub === tillId);
}

const reserveStatuses: Partial<Record<ReserveRefusal, RefusalStatus>> = {
  REWARD_UNKNOWN: 'NOT_FOUND',
  MEMBER_UNKNOWN: 'NOT_FOUND',
  TILL_NOT_READY: 'UNAVAILABLE',
};

const states = {
  reserved: RedemptionState.RESERVED,
  confirmed: RedemptionState.CONFIRMED,
  cancelled: RedemptionState.CANCELLED,
  released: RedemptionState.RELEASED,
  returned: RedemptionState.RETURNED,
} as const;

function redemptionOf({
  programmeVersion: _,
  fromLots: __,
  businessDate: ___,
  returned,
  ...row
}: RedemptionRow): Redemption {
  return {
    ...row,
    state: states[row.state],
    endedAt: row.endedAt ?? undefined,
    fulfilledAt: row.fulfilledAt ?? undefined,
    receipt: row.receipt ?? undefined,
    pointsReturned: returned,
  };
}

function answerOf(result: Changed, wrongState: 'NOT_RESERVED' | 'NOT_CONFIRMED') {
  switch (result.outcome) {
    case 'done':
      return { redemption: redemptionOf(result.row), replayed: result.replayed };
    case 'wrong-state':
      throw refusal('FAILED_PRECONDITION', wrongState, { allowed: allowedIn(result.state) });
    case 'receipt-refunded':
      throw refusal('FAILED_PRECONDITION', 'RECEIPT_REFUNDED', { allowed: ['cancel'] });
    case 'refused':
      throw refusal('ALREADY_EXISTS', result.reason);
  }
}

function malformed(pointer: string, message: string) {
  return refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: [{ pointer, message }] });
}
