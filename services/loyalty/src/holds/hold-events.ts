import { PurchaseHoldLifted, PurchaseHoldPlaced } from '@regulars/contracts/loyalty/v1/holds_events';
import type { OutboxEvent } from '@regulars/messaging';
import type { HoldRow, NewHold } from './hold.js';

/** Key = purchase id. */
export const holdsTopic = 'regulars.loyalty.holds.v1';

/** A purchase is held. */
export function holdPlaced(id: string, hold: NewHold, at: string): OutboxEvent {
  const { purchaseId, programmeId, receipt, memberId, causes } = hold;
  const { storeId, tillId, businessDate } = receipt;
  const payload = PurchaseHoldPlaced.toJSON({
    purchaseId,
    programmeId,
    storeId,
    tillId,
    businessDate,
    memberId: memberId ?? '',
    reasons: causes.map(({ reason }) => reason),
    heldAt: new Date(at),
  }) as object;
  return { id, topic: holdsTopic, key: purchaseId, type: 'regulars.loyalty.v1.PurchaseHoldPlaced', payload };
}

/** Somebody has decided about a hold. */
export function holdLifted(id: string, { purchaseId, programmeId, storeId, memberId, ...made }: HoldRow): OutboxEvent {
  const payload = PurchaseHoldLifted.toJSON({
    purchaseId,
    programmeId,
    storeId,
    memberId: memberId ?? '',
    isReleased: made.state === 'released',
    decidedBy: made.decidedBy ?? '',
    decidedAt: made.decidedAt ?? undefined,
  }) as object;
  return { id, topic: holdsTopic, key: purchaseId, type: 'regulars.loyalty.v1.PurchaseHoldLifted', payload };
}
