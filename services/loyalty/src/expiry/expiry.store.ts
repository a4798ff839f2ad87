import type { EntityManager } from 'typeorm';
import type { OpenAccount } from '../points/ledger.js';

type AccountKey = Pick<OpenAccount, 'memberId' | 'programmeId'>;

/** A lot that has ended with points left, as it stands under its member's lock. */
export interface EndedLot extends AccountKey {
  readonly lotId: string;
  readonly remaining: number;
  /** What of it ended and was booked before. */
  readonly expired: number;
  readonly expiresAt: Date;
  /** The version under which it was earned. */
  readonly programmeVersion: number;
}

/** What of a member's points ends within the time of a warning. */
export interface Ending extends AccountKey {
  readonly points: number;
  readonly firstAt: Date;
}

/** Accounts with points that have ended, longest ago first: a range of account_next_expiry. */
export function accountsWithEnds(tx: EntityManager, now: Date, most: number): Promise<AccountKey[]> {
  return tx.query(
    `SELECT member_id AS "memberId", programme_id AS "programmeId" FROM account
     WHERE next_expiry_at <= $1 ORDER BY next_expiry_at LIMIT $2`,
    [now, most],
  );
}

/** Lots of these accounts that have ended with points left, oldest end first. */
export function endedLots(tx: EntityManager, accounts: readonly AccountKey[], now: Date): Promise<EndedLot[]> {
  return tx.query(
    `SELECT l.member_id AS "memberId", l.programme_id AS "programmeId", l.lot_id AS "lotId", l.remaining, l.expired,
       l.expires_at AS "expiresAt", coalesce(e.programme_version, 1) AS "programmeVersion"
     FROM unnest($1::uuid[], $2::uuid[]) k (member_id, programme_id)
     JOIN lot l ON l.member_id = k.member_id AND l.programme_id = k.programme_id
     LEFT JOIN entry e ON e.entry_id = l.lot_id
     WHERE l.remaining > 0 AND l.expires_at <= $3
     ORDER BY l.member_id, l.expires_at, l.lot_id`,
    [...columns(accounts), now],
  );
}

/** Writes when points of these accounts end next. */
export async function setNextEnds(tx: EntityManager, accounts: readonly AccountKey[], now: Date): Promise<void> {
  await tx.query(
    `UPDATE account a SET next_expiry_at = (
       SELECT min(l.expires_at) FROM lot l
       WHERE l.member_id = a.member_id AND l.programme_id = a.programme_id AND l.remaining > 0 AND l.expires_at > $3
     )
     FROM unnest($1::uuid[], $2::uuid[]) k (member_id, programme_id)
     WHERE a.member_id = k.member_id AND a.programme_id = k.programme_id`,
    [...columns(accounts), now],
  );
}

/** Accounts with points that end until then and were not told so: a range of account_to_warn. */
export function accountsToWarn(
  tx: EntityManager,
  programmeId: string,
  now: Date,
  until: Date,
  most: number,
): Promise<AccountKey[]> {
  return tx.query(
    `SELECT member_id AS "memberId", programme_id AS "programmeId" FROM account
     WHERE programme_id = $1 AND next_expiry_at > $2 AND next_expiry_at <= $3
       AND (warned_until IS NULL OR warned_until < next_expiry_at)
     ORDER BY next_expiry_at LIMIT $4`,
    [programmeId, now, until, most],
  );
}

/** Notes that these accounts are warned, where they were not a moment ago, and answers what ends. */
export async function markWarned(
  tx: EntityManager,
  accounts: readonly AccountKey[],
  now: Date,
  until: Date,
): Promise<Ending[]> {
  const [rows] = await tx.query<[Ending[], number]>(
    `UPDATE account a SET warned_until = $4
     FROM unnest($1::uuid[], $2::uuid[]) k (member_id, programme_id)
     CROSS JOIN LATERAL (
       SELECT coalesce(sum(l.remaining), 0)::bigint AS points, min(l.expires_at) AS first_at FROM lot l
       WHERE l.member_id = k.member_id AND l.programme_id = k.programme_id AND l.remaining > 0
         AND l.expires_at > $3 AND l.expires_at <= $4
     ) ending
     WHERE a.member_id = k.member_id AND a.programme_id = k.programme_id
       AND (a.warned_until IS NULL OR a.warned_until < a.next_expiry_at)
     RETURNING a.member_id AS "memberId", a.programme_id AS "programmeId", ending.points, ending.first_at AS "firstAt"`,
    [...columns(accounts), now, until],
  );
  return rows;
}

function columns(accounts: readonly AccountKey[]): [string[], string[]] {
  return [accounts.map(({ memberId }) => memberId), accounts.map(({ programmeId }) => programmeId)];
}
