import { PointsBroughtIn } from '@regulars/contracts/loyalty/v1/openings_events';
import type { OutboxEvent } from '@regulars/messaging';
import type { NewEntry } from '../points/ledger.js';
import { pointsTopic } from '../points/points-topic.js';

/** Points were brought in, or that was undone; the event's id is the entry's. */
export function pointsBroughtIn(entry: NewEntry): OutboxEvent {
  const { entryId, account, memberSeq, points, balanceAfter, postedMs, sourceId } = entry;
  const { memberId, programmeId } = account;
  const payload = PointsBroughtIn.toJSON({
    entryId,
    memberId,
    programmeId,
    memberSeq,
    points,
    balanceAfter,
    openingId: sourceId,
    postedAt: new Date(postedMs),
  }) as object;
  return {
    id: entryId,
    topic: pointsTopic,
    key: memberId,
    type: 'regulars.loyalty.v1.PointsBroughtIn',
    memberSeq,
    payload,
  };
}
