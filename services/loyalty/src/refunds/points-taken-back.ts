import { PointsTakenBackForRefund } from '@regulars/contracts/loyalty/v1/points_events';
import type { OutboxEvent } from '@regulars/messaging';
import { pointsTopic } from '../points/points-topic.js';
import type { AppliedRefund } from './decide-refunds.js';

/** The event of points taken back; its id is the entry's, so that it can be published again from the table. */
export function pointsTakenBack(applied: AppliedRefund): OutboxEvent {
  const { refunding, entry, purchaseId, taken, owed, refundedMinor, lines } = applied;
  const { account, entryId, memberSeq, balanceAfter, postedMs } = entry;
  const { memberId, programmeId } = account;
  const { traceparent, ground } = refunding;
  return {
    id: entryId,
    topic: pointsTopic,
    key: memberId,
    type: 'regulars.loyalty.v1.PointsTakenBackForRefund',
    memberSeq,
    ...(traceparent !== undefined && { traceparent }),
    payload: PointsTakenBackForRefund.toJSON({
      entryId,
      memberId,
      programmeId,
      memberSeq,
      pointsTaken: taken,
      pointsOwed: owed,
      balanceAfter,
      refundId: entry.sourceId,
      purchaseId,
      refundedMinor,
      currency: ground.programme.currency,
      postedAt: new Date(postedMs),
      lines: [...lines],
    }) as object,
  };
}
