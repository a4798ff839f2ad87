import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type BookedPurchase,
  type ListPurchasesRequest,
  type ListPurchasesResponse,
  PurchaseHistoryServiceService,
} from '@regulars/contracts/loyalty/v1/history';
import { pageOf, principalOf, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { isUuid } from '../programmes/checks.js';
import { type Booked, HistoryService } from './history.service.js';

/** gRPC ⇄ what members bought. */
@Controller()
@RpcController(PurchaseHistoryServiceService)
export class HistoryController implements RpcHandlers<typeof PurchaseHistoryServiceService> {
  constructor(@Inject(HistoryService) private readonly history: HistoryService) {}

  async listPurchases(request: ListPurchasesRequest, metadata: Metadata): Promise<ListPurchasesResponse> {
    const { kind, sub } = principalOf(metadata);
    const page = pageOf(request.page);
    const after = page?.after;
    const isOurs = !after || (after.length === 2 && isUuid(String(after[0])) && Number.isSafeInteger(after[1]));
    if (!page || !isOurs) {
      const faults = [{ pointer: '/page/cursor', message: 'is no cursor of this list' }];
      throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults });
    }
    const { memberId } = request;
    if (!isUuid(memberId) || (kind === 'member' && sub !== memberId)) return { purchases: [], nextCursor: '' };
    const { purchases, nextCursor } = await this.history.of(memberId, page);
    return { purchases: purchases.map(purchaseOf), nextCursor };
  }
}

function purchaseOf(row: Booked): BookedPurchase {
  const { purchaseId, programmeId, rungAt, currency, totalMinor, channel, partySize } = row;
  const { storeId, tillId, businessDate, receiptNumber } = row;
  return {
    purchaseId,
    programmeId,
    receipt: { storeId, tillId, businessDate, receiptNumber },
    rungAt,
    rungAtOffsetMinutes: row.offsetMinutes,
    currency,
    totalMinor,
    channel,
    partySize,
    lines: row.lines.map(([sku, name, category, quantityMilli, amountMinor]) => ({
      sku,
      name,
      category,
      quantityMilli,
      amountMinor,
    })),
    givenBack: (row.refunded ?? []).flatMap(([quantityMilli, amountMinor], line) =>
      quantityMilli + amountMinor > 0 ? [{ line, quantityMilli, amountMinor }] : [],
    ),
    refundIds: [...row.refundIds],
  };
}
