import type { AccountState, Occasion } from '../points/ledger.js';
import { LedgerBatch, type NewEntry } from '../points/ledger.js';
import { type GivingBack, giveBackLatestFirst } from '../points/spending.js';
import type { RedemptionRow, RedemptionState } from './redemption.js';

/** What of a redemption is needed to give points of it back. */
export type ReturnableRedemption = Pick<
  RedemptionRow,
  | 'redemptionId'
  | 'memberId'
  | 'programmeId'
  | 'programmeVersion'
  | 'points'
  | 'returned'
  | 'fromLots'
  | 'storeId'
  | 'businessDate'
>;

/** Points of a redemption to give back. */
export interface ToGiveBack {
  readonly row: ReturnableRedemption;
  readonly points: number;
  /** What it is afterwards. */
  readonly state: RedemptionState;
}

/** A redemption of which points were given back. */
export interface GivenBackRedemption {
  readonly row: ReturnableRedemption;
  readonly state: RedemptionState;
  readonly entry: NewEntry;
  readonly returned: number;
  readonly ended: number;
}

/** Books what comes back of redemptions, in order, into the lots it came from (requirements L6, L8). */
export function giveBackRedemptions(
  ledger: LedgerBatch,
  items: readonly ToGiveBack[],
  accountOf: (row: ReturnableRedemption) => AccountState,
  { nowMs, newId }: Occasion,
): GivenBackRedemption[] {
  return items.map(({ row, points, state }) => {
    const back = giveBackLatestFirst(row.fromLots, row.returned, points, nowMs);
    const account = ledger.account(row.programmeId, row.memberId, accountOf(row));
    const entry = ledger.giveBack(account, bookingOf(row, newId(), points, back), back);
    return { row, state, entry, returned: row.returned + points, ended: points - entry.points };
  });
}

function bookingOf(row: ReturnableRedemption, entryId: string, points: number, { endedInLots }: GivingBack) {
  const ended = endedInLots.reduce((sum, lot) => sum + lot.points, 0);
  return {
    entryId,
    kind: 'redemption-return',
    sourceId: row.redemptionId,
    storeId: row.storeId,
    businessDate: row.businessDate,
    programmeVersion: row.programmeVersion,
    steps: [['given-back', (points - ended) * 10_000, { points, ended }]],
  } as const;
}
