import { RewardTerms } from '@regulars/contracts/loyalty/v1/rewards';
import type { EntityManager } from 'typeorm';
import type { RewardRow } from './reward.js';

const columns = `reward_id AS "rewardId", terms, stock`;

type Stored = Omit<RewardRow, 'terms'> & { readonly terms: object };

function rewardOf(row: Stored): RewardRow {
  return { ...row, terms: RewardTerms.fromJSON(row.terms) };
}

/** False when the programme has the code already, undefined when there is no such programme; nothing is written then. */
export async function insertReward(tx: EntityManager, row: RewardRow, now: Date): Promise<boolean | undefined> {
  const { programmeId, code } = row.terms;
  const [known] = await tx.query<unknown[]>(`SELECT FROM programme WHERE programme_id = $1`, [programmeId]);
  if (!known) return undefined;
  const made = await tx.query<unknown[]>(
    `INSERT INTO reward (reward_id, programme_id, code, terms, stock, created_at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT DO NOTHING RETURNING 1`,
    [row.rewardId, programmeId, code, JSON.stringify(RewardTerms.toJSON(row.terms)), row.stock, now],
  );
  return made.length > 0;
}

export async function findReward(tx: EntityManager, rewardId: string): Promise<RewardRow | undefined> {
  const [row] = await tx.query<Stored[]>(`SELECT ${columns} FROM reward WHERE reward_id = $1`, [rewardId]);
  return row && rewardOf(row);
}

/** Rewards of a programme by code; one more than asked tells whether there are more. */
export async function rewardsAfter(
  tx: EntityManager,
  programmeId: string,
  afterCode: string,
  limit: number,
): Promise<RewardRow[]> {
  const rows = await tx.query<Stored[]>(
    `SELECT ${columns} FROM reward WHERE programme_id = $1 AND code > $2 ORDER BY code LIMIT $3`,
    [programmeId, afterCode, limit + 1],
  );
  return rows.map(rewardOf);
}

/** Changes counted stock by so many; the stock after it, null where it is not counted, undefined when there is not enough. */
export async function changeStock(
  tx: EntityManager,
  rewardId: string,
  change: number,
): Promise<number | null | undefined> {
  const [rows] = await tx.query<[{ stock: number | null }[], number]>(
    `UPDATE reward SET stock = stock + $2 WHERE reward_id = $1 AND (stock IS NULL OR stock + $2 >= 0) RETURNING stock`,
    [rewardId, change],
  );
  return rows[0]?.stock;
}

/** Gives stock back for several rewards, sorted, so that two who give back wait for each other. */
export async function returnStock(
  tx: EntityManager,
  rewards: readonly { readonly rewardId: string; readonly quantity: number }[],
): Promise<void> {
  await tx.query(
    `WITH back AS (
       SELECT reward_id, sum(quantity) AS quantity FROM unnest($1::uuid[], $2::bigint[]) b (reward_id, quantity)
       GROUP BY reward_id
     ), held AS (
       SELECT r.reward_id, back.quantity FROM reward r JOIN back USING (reward_id)
       WHERE r.stock IS NOT NULL ORDER BY r.reward_id FOR UPDATE OF r
     )
     UPDATE reward SET stock = stock + held.quantity FROM held WHERE reward.reward_id = held.reward_id`,
    [rewards.map(({ rewardId }) => rewardId), rewards.map(({ quantity }) => quantity)],
  );
}
