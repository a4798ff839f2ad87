import { PointsAdjusted } from '@regulars/contracts/loyalty/v1/adjustments_events';
import type { OutboxEvent } from '@regulars/messaging';
import type { NewEntry } from '../points/ledger.js';
import { pointsTopic } from '../points/points-topic.js';

/** Points were given or taken by hand; the event's id is the entry's. */
export function pointsAdjusted({
  entryId,
  account,
  memberSeq,
  points,
  balanceAfter,
  postedMs,
  sourceId,
}: NewEntry): OutboxEvent {
  const { memberId, programmeId } = account;
  const payload = PointsAdjusted.toJSON({
    entryId,
    memberId,
    programmeId,
    memberSeq,
    points,
    balanceAfter,
    adjustmentId: sourceId,
    postedAt: new Date(postedMs),
  }) as object;
  return {
    id: entryId,
    topic: pointsTopic,
    key: memberId,
    type: 'regulars.loyalty.v1.PointsAdjusted',
    memberSeq,
    payload,
  };
}
