import { PointsEarned } from '@regulars/contracts/loyalty/v1/points_events';
import type { RefundLine } from '@regulars/contracts/loyalty/v1/purchases';
import type { OutboxEvent } from '@regulars/messaging';
import type { NewEntry } from '../points/ledger.js';
import { pointsTopic } from '../points/points-topic.js';
import type { Posting } from './decide-purchases.js';

/** What an event tells of a purchase. */
export type TellsOfPurchase = Pick<Posting, 'receipt' | 'rungMs' | 'traceparent'> & {
  readonly currency: string;
  readonly totalMinor: number;
  readonly channel: string;
  readonly partySize: number;
  /** As it is stored: `[[sku, name, category, quantityMilli, amountMinor], …]` */
  readonly linesJson: string;
  readonly rungAtOffsetMinutes: number;
  /** Before it was credited. */
  readonly givenBack: readonly RefundLine[];
};

/** The event of an earning; its id is the entry's, so that it can be published again from the table. */
export function pointsEarned(entry: NewEntry, tier: string, purchase: TellsOfPurchase): OutboxEvent {
  const { account, memberSeq, points, balanceAfter, postedMs, entryId } = entry;
  const { receipt, rungMs, currency, totalMinor, channel, partySize, traceparent } = purchase;
  const { linesJson, rungAtOffsetMinutes, givenBack } = purchase;
  const { memberId, programmeId } = account;
  return {
    id: entryId,
    topic: pointsTopic,
    key: memberId,
    type: 'regulars.loyalty.v1.PointsEarned',
    memberSeq,
    ...(traceparent !== undefined && { traceparent }),
    payload: PointsEarned.toJSON({
      entryId,
      memberId,
      programmeId,
      memberSeq,
      points,
      balanceAfter,
      tier,
      purchaseId: entry.sourceId,
      receipt,
      rungAt: new Date(rungMs),
      totalMinor,
      currency,
      channel,
      partySize,
      postedAt: new Date(postedMs),
      linesJson,
      rungAtOffsetMinutes,
      givenBack: givenBack as RefundLine[],
    }) as object,
  };
}
