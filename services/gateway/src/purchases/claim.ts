import type { ClaimPurchaseRequest } from '@regulars/contracts/loyalty/v1/purchases';
import { z } from 'zod';
import { id, minor } from '../edge/fields.js';
import { businessDate, receiptNumber, receiptOf } from './purchase.js';

/** Claims the points of an anonymous receipt for a member (requirement L2). */
export const claimBody = z
  .strictObject({
    storeId: id.optional().meta({ description: 'The till’s own store when a till calls' }),
    tillId: id.meta({ description: 'The till that printed the receipt' }),
    businessDate,
    receiptNumber,
    totalMinor: minor.meta({ description: 'The total printed on the receipt, as proof that the claimant holds it' }),
    memberId: id,
  })
  .meta({ id: 'Claim' });
export type ClaimBody = z.output<typeof claimBody>;

/** The claim as loyalty takes it. */
export function claimOf(body: ClaimBody, storeId: string, idempotencyKey: string): ClaimPurchaseRequest {
  const receipt = receiptOf(body, { storeId, tillId: body.tillId });
  return { idempotencyKey, receipt, memberId: body.memberId, totalMinor: body.totalMinor };
}
