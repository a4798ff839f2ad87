import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import {
  type DecideHoldRequest,
  type DecideHoldResponse,
  type Hold,
  HoldServiceService,
  HoldState,
  type ListHoldsRequest,
  type ListHoldsResponse,
} from '@regulars/contracts/loyalty/v1/holds';
import {
  mayActFor,
  pageOf,
  principalOf,
  type RefusalStatus,
  RpcController,
  type RpcHandlers,
  refusal,
} from '@regulars/service';
import { isUuid } from '../programmes/terms.js';
import { isPlain } from '../receipts/receipt.js';
import { storesToTell } from '../stores/store-scope.js';
import { causeInWords, type HoldRow } from './hold.js';
import { type HoldRefusal, HoldsService } from './holds.service.js';

/** gRPC ⇄ holds. */
@Controller()
@RpcController(HoldServiceService)
export class HoldsController implements RpcHandlers<typeof HoldServiceService> {
  constructor(private readonly holds: HoldsService) {}

  async listHolds({ state, storeId, page }: ListHoldsRequest, metadata: Metadata): Promise<ListHoldsResponse> {
    const asked = pageOf(page);
    const [after] = asked?.after ?? [];
    if (!asked || (after !== undefined && !isUuid(String(after)))) throw malformed('/page/cursor', 'is no cursor');
    if (storeId !== '' && !isUuid(storeId)) throw malformed('/storeId', 'is no UUID');
    const told = storesToTell(principalOf(metadata), storeId);
    if (told.outcome === 'foreign') throw refusal('PERMISSION_DENIED', 'STORE_NOT_ALLOWED');
    const filter = { state: wordOf(state), storeIds: told.storeIds };
    const found = await this.holds.list(filter, asked);
    return { holds: found.page.map(holdOf), nextCursor: found.nextCursor };
  }

  async decideHold(request: DecideHoldRequest, metadata: Metadata): Promise<DecideHoldResponse> {
    const { purchaseId, idempotencyKey: key, reason } = request;
    if (!isPlain(key, 255)) throw malformed('/idempotencyKey', 'is needed');
    if (!isPlain(reason, 500)) throw malformed('/reason', 'expected 1 to 500 characters');
    const decision = wordOf(request.decision);
    if (decision !== 'released' && decision !== 'reversed') {
      throw malformed('/decision', 'expected released or reversed');
    }
    const principal = principalOf(metadata);
    const known = isUuid(purchaseId) ? await this.holds.find(purchaseId) : undefined;
    if (!known || !mayActFor(principal, known.storeId)) throw refusal('NOT_FOUND', 'HOLD_UNKNOWN');
    const result = await this.holds.decide({ caller: principal.sub, key }, { purchaseId, decision, reason });
    if (result.outcome === 'refused') throw refusal(statuses[result.reason], result.reason);
    return { hold: holdOf(result.hold), replayed: result.replayed };
  }
}

const statuses: Record<HoldRefusal, RefusalStatus> = {
  IDEMPOTENCY_KEY_REUSED: 'ALREADY_EXISTS',
  HOLD_UNKNOWN: 'NOT_FOUND',
  HOLD_DECIDED: 'FAILED_PRECONDITION',
};

const states = { open: HoldState.OPEN, released: HoldState.RELEASED, reversed: HoldState.REVERSED } as const;

function wordOf(state: HoldState): HoldRow['state'] | undefined {
  return (['open', 'released', 'reversed'] as const).find((each) => states[each] === state);
}

function holdOf(row: HoldRow): Hold {
  const { storeId, tillId, businessDate, receiptNumber } = row;
  return {
    purchaseId: row.purchaseId,
    programmeId: row.programmeId,
    receipt: { storeId, tillId, businessDate, receiptNumber },
    memberId: row.memberId ?? '',
    totalMinor: row.totalMinor,
    causes: row.causes.map((cause) => ({ ...cause, text: causeInWords(cause) })),
    twinPurchaseId: row.twinPurchaseId ?? '',
    state: states[row.state],
    heldAt: row.heldAt,
    decidedBy: row.decidedBy ?? '',
    decidedAt: row.decidedAt ?? undefined,
    decisionReason: row.decisionReason ?? '',
  };
}

function malformed(pointer: string, message: string) {
  return refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: [{ pointer, message }] });
}
