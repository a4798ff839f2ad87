import { MergeBooked, PointsMerged, UnmergeBooked } from '@regulars/contracts/loyalty/v1/merges_events';
import type { OutboxEvent } from '@regulars/messaging';
import type { NewEntry } from '../points/ledger.js';
import { pointsTopic } from '../points/points-topic.js';

/** Key = merge id. */
export const mergeTopic = 'regulars.loyalty.merge.v1';

/** Points moved between two members; the event's id is the entry's. */
export function pointsMerged(entry: NewEntry, mergeId: string): OutboxEvent {
  const { entryId, account, memberSeq, points, balanceAfter, postedMs } = entry;
  const { memberId, programmeId } = account;
  const postedAt = new Date(postedMs);
  const booked = { entryId, memberId, programmeId, memberSeq, points, balanceAfter, mergeId, postedAt };
  return {
    id: entryId,
    topic: pointsTopic,
    key: memberId,
    type: 'regulars.loyalty.v1.PointsMerged',
    memberSeq,
    payload: PointsMerged.toJSON(booked) as object,
  };
}

/** A merge was carried out. */
export function mergeBooked(id: string, booked: MergeBooked): OutboxEvent {
  const payload = MergeBooked.toJSON(booked) as object;
  return { id, topic: mergeTopic, key: booked.mergeId, type: 'regulars.loyalty.v1.MergeBooked', payload };
}

/** A merge was undone. */
export function unmergeBooked(id: string, booked: UnmergeBooked): OutboxEvent {
  const payload = UnmergeBooked.toJSON(booked) as object;
  return { id, topic: mergeTopic, key: booked.mergeId, type: 'regulars.loyalty.v1.UnmergeBooked', payload };
}
