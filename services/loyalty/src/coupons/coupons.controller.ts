import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import * as rpc from '@regulars/contracts/loyalty/v1/coupons';
import {
  isDryRun,
  mayActFor,
  pageOf,
  principalOf,
  RpcController,
  type RpcHandlers,
  refusal,
  TakesDryRuns,
} from '@regulars/service';
import { isUuid } from '../programmes/terms.js';
import { isPlain, isWellFormedReceipt } from '../receipts/receipt.js';
import { allowedIn } from '../redemptions/redemption.js';
import type { CouponRow, UseRow } from './coupon.js';
import { type Bill, type ChangedUse, type ChangingUse, CouponUses } from './coupon-uses.service.js';
import { CouponVoids, isPeriod } from './coupon-voids.service.js';
import { CouponsService } from './coupons.service.js';

const USUAL_HOLD_SECONDS = 900;

/** gRPC ⇄ coupons. */
@Controller()
@RpcController(rpc.CouponServiceService)
export class CouponsController implements RpcHandlers<typeof rpc.CouponServiceService> {
  constructor(
    private readonly coupons: CouponsService,
    private readonly uses: CouponUses,
    private readonly voids: CouponVoids,
  ) {}

  @TakesDryRuns()
  async defineCoupon(request: rpc.DefineCouponRequest, metadata: Metadata): Promise<rpc.DefineCouponResponse> {
    const { terms } = request;
    if (terms && !isUuid(terms.programmeId)) throw refusal('NOT_FOUND', 'PROGRAMME_UNKNOWN');
    const result = await this.coupons.define(writingOf(request, metadata), terms);
    if (result.outcome === 'malformed') throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: result.faults });
    return done(result);
  }

  async listDefinitions({ programmeId, page }: rpc.ListDefinitionsRequest): Promise<rpc.ListDefinitionsResponse> {
    if (!isUuid(programmeId)) throw refusal('NOT_FOUND', 'PROGRAMME_UNKNOWN');
    const found = await this.coupons.definitions(programmeId, pageIn(page));
    return { definitions: [...found.page], nextCursor: found.nextCursor };
  }

  @TakesDryRuns()
  async issueCoupons(request: rpc.IssueCouponsRequest, metadata: Metadata): Promise<rpc.IssueCouponsResponse> {
    const { definitionId, memberId, count } = request;
    if (!isUuid(definitionId)) throw refusal('NOT_FOUND', 'COUPON_KIND_UNKNOWN');
    if (!isUuid(memberId)) throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
    if (count < 1 || count > 20) throw malformed('/count', 'expected 1 to 20');
    const result = done(await this.coupons.issue(writingOf(request, metadata), definitionId, memberId, count));
    return { coupons: result.coupons.map(couponOf), replayed: result.replayed };
  }

  @TakesDryRuns()
  async issueToTier(request: rpc.IssueToTierRequest, metadata: Metadata): Promise<rpc.IssueToTierResponse> {
    const { definitionId, tier } = request;
    if (!isUuid(definitionId)) throw refusal('NOT_FOUND', 'COUPON_KIND_UNKNOWN');
    if (!isPlain(tier, 32)) throw malformed('/tier', 'is needed');
    const { issue, replayed } = done(await this.coupons.issueToTier(writingOf(request, metadata), definitionId, tier));
    return { issue: issueOf(issue), replayed };
  }

  async getIssue({ issueId }: rpc.GetIssueRequest): Promise<rpc.GetIssueResponse> {
    const issue = isUuid(issueId) ? await this.coupons.findIssue(issueId) : undefined;
    if (!issue) throw refusal('NOT_FOUND', 'ISSUE_UNKNOWN');
    return { issue: issueOf(issue) };
  }

  @TakesDryRuns()
  async createBatch(request: rpc.CreateBatchRequest, metadata: Metadata): Promise<rpc.CreateBatchResponse> {
    const { definitionId, count } = request;
    if (!isUuid(definitionId)) throw refusal('NOT_FOUND', 'COUPON_KIND_UNKNOWN');
    if (count < 1 || count > 1_000_000) throw malformed('/count', 'expected 1 to 1000000');
    return done(await this.coupons.createBatch(writingOf(request, metadata), definitionId, count));
  }

  async drawCodes({ batchId, after, limit }: rpc.DrawCodesRequest): Promise<rpc.DrawCodesResponse> {
    if (after < 0) throw malformed('/after', 'expected 0 or more');
    if (limit < 1 || limit > 5_000) throw malformed('/limit', 'expected 1 to 5000');
    const codes = isUuid(batchId) ? await this.coupons.draw(batchId, after, limit) : undefined;
    if (!codes) throw refusal('NOT_FOUND', 'BATCH_UNKNOWN');
    return { codes };
  }

  async listCoupons(request: rpc.ListCouponsRequest, metadata: Metadata): Promise<rpc.ListCouponsResponse> {
    const { kind, sub } = principalOf(metadata);
    const { memberId } = request;
    if (!isUuid(memberId) || (kind === 'member' && sub !== memberId)) throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
    const found = await this.coupons.list(memberId, pageIn(request.page));
    return { coupons: found.page.map(couponOf), nextCursor: found.nextCursor };
  }

  async evaluateCoupons(
    { basket, codes }: rpc.EvaluateCouponsRequest,
    metadata: Metadata,
  ): Promise<rpc.EvaluateCouponsResponse> {
    if (codes.length > 20) throw malformed('/codes', 'expected at most 20');
    const result = await this.uses.evaluate(billOf(basket, metadata), [...new Set(codes)]);
    if (result.outcome === 'refused') throw nowhere(result.reason);
    return { applied: [...result.applied], refused: [...result.refused], discountMinor: result.discountMinor };
  }

  async reserveCoupons(request: rpc.ReserveCouponsRequest, metadata: Metadata): Promise<rpc.ReserveCouponsResponse> {
    const { basket, codes } = request;
    const holdSeconds = request.holdSeconds || USUAL_HOLD_SECONDS;
    if (holdSeconds < 30 || holdSeconds > 86_400) throw malformed('/holdSeconds', 'expected 30 to 86400');
    if (codes.length < 1 || codes.length > 10) throw malformed('/codes', 'expected 1 to 10');
    if (new Set(codes).size !== codes.length) throw malformed('/codes', 'names a coupon twice');
    const bill = billOf(basket, metadata);
    const result = await this.uses.reserve(writingOf(request, metadata), bill, codes, holdSeconds);
    switch (result.outcome) {
      case 'done':
        return { use: useOf(result.use), refused: [], replayed: result.replayed };
      case 'coupons-refused':
        return { use: undefined, refused: result.refused.map(readBack), replayed: result.replayed };
      case 'refused':
        if (result.reason === 'IDEMPOTENCY_KEY_REUSED') throw refusal('ALREADY_EXISTS', result.reason);
        throw nowhere(result.reason);
    }
  }

  async confirmCoupons(request: rpc.ConfirmCouponsRequest, metadata: Metadata): Promise<rpc.ConfirmCouponsResponse> {
    const changing = await this.changing(request, metadata);
    const { receipt } = request;
    if (receipt && !isWellFormedReceipt(receipt)) throw malformed('/receipt', 'is not complete');
    if (receipt && !mayActFor(principalOf(metadata), receipt.storeId)) {
      throw refusal('PERMISSION_DENIED', 'STORE_NOT_ALLOWED');
    }
    return changed(await this.uses.confirm(changing, receipt ?? null));
  }

  async cancelCoupons(request: rpc.CancelCouponsRequest, metadata: Metadata): Promise<rpc.CancelCouponsResponse> {
    return changed(await this.uses.cancel(await this.changing(request, metadata)));
  }

  async voidCoupon(request: rpc.VoidCouponRequest, metadata: Metadata): Promise<rpc.VoidCouponResponse> {
    const { code, reason } = request;
    if (!isPlain(reason, 200)) throw malformed('/reason', 'expected 1 to 200 characters');
    const result = await this.voids.void({ ...writingOf(request, metadata), code, reason });
    switch (result.outcome) {
      case 'done':
        return { coupon: couponOf(result.coupon), replayed: result.replayed };
      case 'wrong-state': {
        const allowed = result.state === 'reserved' ? ['cancel its use'] : ['refund the receipt'];
        throw refusal('FAILED_PRECONDITION', 'NOT_VOIDABLE', { allowed });
      }
      case 'refused':
        throw refusal(result.reason === 'COUPON_UNKNOWN' ? 'NOT_FOUND' : 'ALREADY_EXISTS', result.reason);
    }
  }

  async getCouponUsage(request: rpc.GetCouponUsageRequest, metadata: Metadata): Promise<rpc.GetCouponUsageResponse> {
    const { programmeId, fromDate: from, untilDate: until } = request;
    if (!isUuid(programmeId)) throw refusal('NOT_FOUND', 'PROGRAMME_UNKNOWN');
    if (!isPeriod(from, until)) throw malformed('/untilDate', 'expected two dates, the last at most 366 days later');
    const { stores } = principalOf(metadata);
    const storeIds = stores === '*' ? undefined : stores;
    const page = pageIn(request.page);
    if (page.after && !page.after.every((part) => isUuid(String(part)))) {
      throw malformed('/page/cursor', 'is no cursor of this list');
    }
    const found = await this.voids.usage({ programmeId, from, until, storeIds }, page);
    return { usage: [...found.page], nextCursor: found.nextCursor };
  }

  /** The use that a caller may change, at whichever till of its store. */
  private async changing(request: { idempotencyKey: string; useId: string }, metadata: Metadata): Promise<ChangingUse> {
    const { useId } = request;
    const use = isUuid(useId) ? await this.uses.find(useId) : undefined;
    if (!use) throw refusal('NOT_FOUND', 'USE_UNKNOWN');
    if (!mayActFor(principalOf(metadata), use.storeId)) throw refusal('PERMISSION_DENIED', 'STORE_NOT_ALLOWED');
    return { ...writingOf(request, metadata), useId };
  }
}

function writingOf({ idempotencyKey }: { idempotencyKey: string }, metadata: Metadata) {
  if (!isPlain(idempotencyKey, 255)) throw malformed('/idempotencyKey', 'is needed');
  return { caller: principalOf(metadata).sub, key: idempotencyKey, isDryRun: isDryRun(metadata) };
}

function billOf(basket: rpc.Basket | undefined, metadata: Metadata): Bill {
  if (!basket) throw malformed('/basket', 'is needed');
  const { storeId, tillId, member, lines } = basket;
  const principal = principalOf(metadata);
  if (!mayActFor(principal, storeId) || (principal.kind === 'till' && principal.sub !== tillId)) {
    throw refusal('PERMISSION_DENIED', 'STORE_NOT_ALLOWED');
  }
  const isSound = ({ amountMinor, quantityMilli }: rpc.BasketLine) =>
    Number.isSafeInteger(amountMinor) && amountMinor >= 0 && Number.isSafeInteger(quantityMilli) && quantityMilli > 0;
  if (lines.length < 1 || lines.length > 500 || !lines.every(isSound)) {
    throw malformed('/basket/lines', 'expected 1 to 500 lines with amounts of 0 or more');
  }
  return { storeId, tillId, member: member?.by ? member : undefined, lines };
}

function pageIn(page: Parameters<typeof pageOf>[0]) {
  const read = pageOf(page);
  if (!read) throw malformed('/page/cursor', 'is no cursor of this list');
  return read;
}

function couponOf(row: CouponRow): rpc.Coupon {
  const states = {
    issued: rpc.CouponState.ISSUED,
    reserved: rpc.CouponState.RESERVED,
    used: rpc.CouponState.USED,
    void: rpc.CouponState.VOID,
  } as const;
  return {
    code: row.code,
    definitionId: row.definitionId,
    memberId: row.memberId ?? '',
    state: states[row.state],
    issuedAt: row.issuedAt,
    validUntil: row.lastDay ?? '',
    storeId: row.storeId ?? '',
    tillId: row.tillId ?? '',
    usedAt: row.usedAt ?? undefined,
  };
}

function issueOf({ finishedAt, ...issue }: Omit<rpc.CouponIssue, 'finishedAt'> & { finishedAt: Date | null }) {
  return { ...issue, finishedAt: finishedAt ?? undefined };
}

function useOf({ useId, memberId, state, applied, discountMinor, reservedUntil }: UseRow): rpc.CouponUse {
  return { useId, memberId: memberId ?? '', state, applied: [...applied], discountMinor, reservedUntil };
}

/** A refusal that was stored under a key has its moment as text. */
function readBack(refused: rpc.RefusedCoupon): rpc.RefusedCoupon {
  return { ...refused, at: refused.at && new Date(refused.at) };
}

function changed(result: ChangedUse) {
  switch (result.outcome) {
    case 'done':
      return { use: useOf(result.use), replayed: result.replayed };
    case 'wrong-state':
      throw refusal('FAILED_PRECONDITION', 'NOT_RESERVED', { allowed: allowedIn(result.state) });
    case 'receipt-refunded':
      throw refusal('FAILED_PRECONDITION', 'RECEIPT_REFUNDED', { allowed: ['cancel'] });
    case 'refused':
      throw refusal('ALREADY_EXISTS', result.reason);
  }
}

const statuses = {
  COUPON_CODE_TAKEN: 'ALREADY_EXISTS',
  IDEMPOTENCY_KEY_REUSED: 'ALREADY_EXISTS',
  PROGRAMME_UNKNOWN: 'NOT_FOUND',
  COUPON_KIND_UNKNOWN: 'NOT_FOUND',
} as const;

function done<Result extends { readonly outcome: 'done' | 'refused' }>(
  result: Result,
): Extract<Result, { readonly outcome: 'done' }> {
  if (result.outcome === 'refused') {
    const { reason } = result as unknown as { readonly reason: keyof typeof statuses };
    throw refusal(statuses[reason], reason);
  }
  return result as Extract<Result, { readonly outcome: 'done' }>;
}

function nowhere(reason: 'TILL_NOT_READY' | 'MEMBER_UNKNOWN' | 'MEMBER_GONE') {
  const status = {
    TILL_NOT_READY: 'UNAVAILABLE',
    MEMBER_UNKNOWN: 'NOT_FOUND',
    MEMBER_GONE: 'FAILED_PRECONDITION',
  } as const;
  return refusal(status[reason], reason);
}

function malformed(pointer: string, message: string) {
  return refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: [{ pointer, message }] });
}
