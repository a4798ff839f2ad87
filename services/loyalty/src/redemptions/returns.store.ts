import type { EntityManager } from 'typeorm';
import type { RedemptionState } from './redemption.js';

/** What a redemption becomes when points of it are given back. */
export interface ReturnedRedemption {
  readonly redemptionId: string;
  readonly state: RedemptionState;
  /** Points given back by now. */
  readonly returned: number;
}

/** Redemptions of members whose locks are held. */
export async function markReturned(tx: EntityManager, rows: readonly ReturnedRedemption[], now: Date): Promise<void> {
  await tx.query(
    `UPDATE redemption SET state = r.state, returned = r.returned,
       ended_at = CASE WHEN redemption.state = 'reserved' THEN $4 ELSE ended_at END
     FROM unnest($1::uuid[], $2::text[], $3::bigint[]) r (redemption_id, state, returned)
     WHERE redemption.redemption_id = r.redemption_id`,
    [
      rows.map(({ redemptionId }) => redemptionId),
      rows.map(({ state }) => state),
      rows.map(({ returned }) => returned),
      now,
    ],
  );
}
