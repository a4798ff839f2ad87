import type { EntityManager } from 'typeorm';
import { type ChallengePurpose, type ContactKind, mostTries, type TriedChallenge } from './challenge.js';

/** A challenge as stored. */
export interface ChallengeRow {
  readonly challengeId: string;
  /** Null for a sign-in with a contact that nobody has. */
  readonly memberId: string | null;
  readonly purpose: ChallengePurpose;
  readonly kind: ContactKind;
  readonly valueSealed: Buffer | null;
  readonly valueIndex: Buffer;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** Codes sent to a contact since a moment, counted under a lock of the contact, so that no two count the same. */
export async function codesSentTo(tx: EntityManager, valueIndex: Buffer, since: Date): Promise<number> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('challenge ' || encode($1, 'hex'), 0))`, [valueIndex]);
  const [row] = await tx.query<[{ count: number }]>(
    'SELECT count(*) FROM challenge WHERE value_index = $1 AND created_at > $2',
    [valueIndex, since],
  );
  return row.count;
}

export async function addChallenge(tx: EntityManager, row: ChallengeRow): Promise<void> {
  await tx.query(
    `INSERT INTO challenge (challenge_id, member_id, purpose, kind, value_sealed, value_index, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      row.challengeId,
      row.memberId,
      row.purpose,
      row.kind,
      row.valueSealed,
      row.valueIndex,
      row.createdAt,
      row.expiresAt,
    ],
  );
}

/** A challenge as somebody names it who gives the code back. */
export interface NamedChallenge {
  readonly challengeId: string;
  readonly purpose: ChallengePurpose;
  /** Whose it has to be; undefined for a sign-in, where that is not known yet. */
  readonly memberId: string | undefined;
}

const isNamed = 'challenge_id = $1 AND purpose = $2 AND ($3::uuid IS NULL OR member_id = $3)';
const named = ({ challengeId, purpose, memberId }: NamedChallenge) => [challengeId, purpose, memberId ?? null];

/** Counts a try; those that come at once are counted one after the other. Undefined when there is no such challenge. */
export async function countTry(
  tx: EntityManager,
  challenge: NamedChallenge,
): Promise<(ChallengeRow & TriedChallenge) | undefined> {
  const [rows] = await tx.query<[(ChallengeRow & TriedChallenge)[], number]>(
    `UPDATE challenge SET tries = tries + 1 WHERE ${isNamed}
     RETURNING challenge_id AS "challengeId", member_id AS "memberId", purpose, kind, value_sealed AS "valueSealed",
       value_index AS "valueIndex", created_at AS "createdAt", expires_at AS "expiresAt", tries, used_at AS "usedAt"`,
    named(challenge),
  );
  return rows[0];
}

/** Whether every try at a challenge was made and none was right. */
export async function hasNoTryLeft(tx: EntityManager, challenge: NamedChallenge): Promise<boolean> {
  const found = await tx.query<unknown[]>(
    `SELECT 1 FROM challenge WHERE ${isNamed} AND tries >= $4 AND used_at IS NULL`,
    [...named(challenge), mostTries],
  );
  return found.length > 0;
}

export async function useUp(tx: EntityManager, challengeId: string, at: Date): Promise<void> {
  await tx.query('UPDATE challenge SET used_at = $2 WHERE challenge_id = $1', [challengeId, at]);
}

/** A challenge that can still be answered. */
export async function openChallenge(
  tx: EntityManager,
  challengeId: string,
  now: Date,
): Promise<ChallengeRow | undefined> {
  const [row] = await tx.query<ChallengeRow[]>(
    `SELECT challenge_id AS "challengeId", member_id AS "memberId", purpose, kind, value_sealed AS "valueSealed",
       value_index AS "valueIndex", created_at AS "createdAt", expires_at AS "expiresAt"
     FROM challenge WHERE challenge_id = $1 AND expires_at > $2 AND used_at IS NULL`,
    [challengeId, now],
  );
  return row;
}

/** Forgets challenges that ended a day ago. @returns how many */
export async function forgetChallenges(tx: EntityManager, before: Date, most: number): Promise<number> {
  const [rows] = await tx.query<[unknown[], number]>(
    `DELETE FROM challenge WHERE challenge_id IN (SELECT challenge_id FROM challenge WHERE expires_at < $1 LIMIT $2)
     RETURNING 1`,
    [before, most],
  );
  return rows.length;
}
