import { PointsReserved, PointsReturned, RedemptionConfirmed } from '@regulars/contracts/loyalty/v1/redemptions_events';
import type { OutboxEvent } from '@regulars/messaging';
import type { NewEntry } from '../points/ledger.js';
import { pointsTopic } from '../points/points-topic.js';
import type { GivenBackRedemption } from './give-back.js';
import type { RedemptionRow } from './redemption.js';

/** Points were taken; the event's id is the entry's. */
export function pointsReserved(entry: NewEntry, row: RedemptionRow): OutboxEvent {
  const { entryId, memberSeq, points, balanceAfter, postedMs } = entry;
  const { memberId, programmeId, redemptionId, rewardId, quantity, reservedUntil } = row;
  const payload = PointsReserved.toJSON({
    entryId,
    memberId,
    programmeId,
    memberSeq,
    points: -points,
    balanceAfter,
    redemptionId,
    rewardId,
    quantity,
    reservedUntil,
    postedAt: new Date(postedMs),
  }) as object;
  return {
    id: entryId,
    topic: pointsTopic,
    key: memberId,
    type: 'regulars.loyalty.v1.PointsReserved',
    memberSeq,
    payload,
  };
}

/** What was reserved is spent for good; `id` is the event's own, because nothing is booked. */
export function redemptionConfirmed(id: string, row: RedemptionRow, confirmedAt: Date): OutboxEvent {
  const { memberId, programmeId, redemptionId, receipt } = row;
  const payload = RedemptionConfirmed.toJSON({
    redemptionId,
    memberId,
    programmeId,
    receipt: receipt ?? undefined,
    confirmedAt,
  }) as object;
  return { id, topic: pointsTopic, key: memberId, type: 'regulars.loyalty.v1.RedemptionConfirmed', payload };
}

/** Points came back; the event's id is the entry's. */
export function pointsReturned({ row, entry, ended }: GivenBackRedemption): OutboxEvent {
  const { entryId, memberSeq, points, balanceAfter, postedMs } = entry;
  const { memberId, programmeId, redemptionId } = row;
  const payload = PointsReturned.toJSON({
    entryId,
    memberId,
    programmeId,
    memberSeq,
    points,
    pointsEnded: ended,
    balanceAfter,
    redemptionId,
    postedAt: new Date(postedMs),
  }) as object;
  return {
    id: entryId,
    topic: pointsTopic,
    key: memberId,
    type: 'regulars.loyalty.v1.PointsReturned',
    memberSeq,
    payload,
  };
}
