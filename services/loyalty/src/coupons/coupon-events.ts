import { CouponsReturned, CouponsUsed, CouponVoided } from '@regulars/contracts/loyalty/v1/coupons_events';
import type { OutboxEvent } from '@regulars/messaging';
import type { CouponRow, UseRow } from './coupon.js';
import { couponsTopic } from './coupons-topic.js';

/** Coupons were used on a receipt. */
export function couponsUsed(id: string, use: UseRow, usedAt: Date): OutboxEvent {
  const { useId, memberId, programmeId, applied, discountMinor, receipt } = use;
  const payload = CouponsUsed.toJSON({
    useId,
    memberId: memberId ?? '',
    programmeId,
    definitionIds: applied.map(({ definitionId }) => definitionId),
    discountMinor,
    receipt: receipt ?? undefined,
    usedAt,
  }) as object;
  return { id, topic: couponsTopic, key: useId, type: 'regulars.loyalty.v1.CouponsUsed', payload };
}

/** Coupons can be used again after a refund. */
export function couponsReturned(
  id: string,
  use: Pick<UseRow, 'useId' | 'memberId' | 'programmeId'>,
  returnedAt: Date,
): OutboxEvent {
  const { useId, memberId, programmeId } = use;
  const payload = CouponsReturned.toJSON({ useId, memberId: memberId ?? '', programmeId, returnedAt }) as object;
  return { id, topic: couponsTopic, key: useId, type: 'regulars.loyalty.v1.CouponsReturned', payload };
}

/** A coupon was made void. Its code is told to nobody. */
export function couponVoided(
  id: string,
  { definitionId, memberId }: Pick<CouponRow, 'definitionId' | 'memberId'>,
  voidedAt: Date,
): OutboxEvent {
  const payload = CouponVoided.toJSON({ definitionId, memberId: memberId ?? '', voidedAt }) as object;
  return { id, topic: couponsTopic, key: definitionId, type: 'regulars.loyalty.v1.CouponVoided', payload };
}
