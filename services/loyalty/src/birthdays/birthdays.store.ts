import type { MemberReference } from '@regulars/contracts/loyalty/v1/purchases';
import type { QueryConfig } from 'pg';
import type { EntityManager } from 'typeorm';
import { column, columnOf } from '../lanes/column.js';
import type { Stretch } from './window.js';

/** Who bought, where and on which business date. */
export interface Asked {
  readonly programmeId: string;
  readonly reference: MemberReference | undefined;
  readonly businessDate: string;
}

/**
 * Whether dates are birthdays by the rights of the members, whose locks the same transaction holds already; sent right
 * behind them, so that it costs no round trip. Probes of member's unique indexes and of birthday_right's primary key.
 */
export function birthdaysStatement(asked: readonly Asked[]): QueryConfig {
  const ids: (string | null)[] = [];
  const numbers: (string | null)[] = [];
  const tokens: (Buffer | null)[] = [];
  for (const { reference } of asked) {
    const by = reference?.by;
    ids.push(by?.$case === 'memberId' ? by.value : null);
    numbers.push(by?.$case === 'number' ? by.value : null);
    tokens.push(by?.$case === 'codeTokenSha256' ? Buffer.from(by.value) : null);
  }
  return {
    name: 'birthdays',
    text: `SELECT EXISTS (
        SELECT FROM birthday_right b
        WHERE b.member_id = m.member_id AND b.programme_id = r.programme_id AND b.birthday_on = r.business_date
          AND b.granted
      )
      FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::date[]) WITH ORDINALITY
        r (programme_id, member_id, number, token, business_date, item)
      LEFT JOIN LATERAL (
        SELECT coalesce(
          (SELECT coalesce(m.merged_into, m.member_id) FROM member m WHERE m.member_id = r.member_id),
          (SELECT coalesce(m.merged_into, m.member_id) FROM member m WHERE m.number = r.number),
          (SELECT coalesce(m.merged_into, m.member_id) FROM member m WHERE m.code_token_sha256 = r.token)) AS member_id
      ) m ON true
      ORDER BY r.item`,
    values: [
      columnOf(asked, ({ programmeId }) => programmeId),
      column(ids),
      column(numbers),
      column(tokens),
      columnOf(asked, ({ businessDate }) => businessDate),
    ],
  };
}

/** Makes members due to be asked about. Safe to repeat. */
export async function watchMembers(tx: EntityManager, memberIds: readonly string[], now: Date): Promise<void> {
  await tx.query(
    `INSERT INTO birthday_watch (member_id, ask_at) SELECT m, $2 FROM unnest($1::uuid[]) m ON CONFLICT DO NOTHING`,
    [memberIds, now],
  );
}

/** Leases members about whom it is time to ask; those that another one leases just now are passed over. */
export async function leaseMembers(
  tx: EntityManager,
  lease: string,
  { now, until, most }: { readonly now: Date; readonly until: Date; readonly most: number },
): Promise<string[]> {
  const [rows] = await tx.query<[{ memberId: string }[], number]>(
    `UPDATE birthday_watch SET lease = $1, ask_at = $3 WHERE member_id IN (
       SELECT member_id FROM birthday_watch WHERE ask_at <= $2 ORDER BY ask_at LIMIT $4 FOR UPDATE SKIP LOCKED
     ) RETURNING member_id AS "memberId"`,
    [lease, now, until, most],
  );
  return rows.map(({ memberId }) => memberId);
}

/** A birthday as members told it. */
export interface ToldBirthday {
  readonly memberId: string;
  readonly date: string;
  readonly year: number;
}

/** Writes what was told about the members of a lease, and forgets what was told of the others before. */
export async function keepTold(
  tx: EntityManager,
  lease: string,
  told: readonly ToldBirthday[],
  nextAsk: Date,
): Promise<void> {
  await tx.query(
    `UPDATE birthday_watch w SET lease = NULL, ask_at = $5, birthday_on = t.birthday_on, birthday_year = t.birthday_year
     FROM (
       SELECT l.member_id, t.birthday_on, t.birthday_year FROM birthday_watch l
       LEFT JOIN unnest($2::uuid[], $3::date[], $4::integer[]) t (member_id, birthday_on, birthday_year)
         ON t.member_id = l.member_id
       WHERE l.lease = $1
     ) t
     WHERE w.member_id = t.member_id AND w.lease = $1`,
    [lease, told.map(({ memberId }) => memberId), told.map(({ date }) => date), told.map(({ year }) => year), nextAsk],
  );
}

/** A birthday for which no right was made ready yet. */
export interface ComingBirthday extends ToldBirthday {
  /** Registration, in the zone asked for, YYYY-MM-DD. */
  readonly registeredOn: string;
}

/** Birthdays within a stretch without a right of their year: a range of birthday_watch_on. */
export function withoutRight(
  tx: EntityManager,
  programmeId: string,
  { from, until }: Stretch,
  timeZone: string,
  most: number,
): Promise<ComingBirthday[]> {
  return tx.query(
    `SELECT w.member_id AS "memberId", w.birthday_on::text AS date, w.birthday_year AS year,
       (m.registered_at AT TIME ZONE $4)::date::text AS "registeredOn"
     FROM birthday_watch w JOIN member m ON m.member_id = w.member_id
     WHERE w.birthday_on BETWEEN $2 AND $3 AND m.gone_at IS NULL AND m.merged_into IS NULL
       AND NOT EXISTS (SELECT FROM birthday_right r WHERE r.member_id = w.member_id AND r.programme_id = $1
         AND r.birthday_year = w.birthday_year)
     ORDER BY w.birthday_on LIMIT $5`,
    [programmeId, from, until, timeZone, most],
  );
}

/** A right to be written. */
export interface NewRight extends ToldBirthday {
  readonly gift: Stretch;
  /** Who came after the window gets no gift for it. */
  readonly isLate: boolean;
}

/** Writes rights of members whose locks are held; not granted where another one lies too near. Safe to repeat. */
export async function openRights(
  tx: EntityManager,
  programmeId: string,
  rights: readonly NewRight[],
  leastDaysApart: number,
  now: Date,
): Promise<void> {
  await tx.query(
    `INSERT INTO birthday_right (member_id, programme_id, birthday_year, birthday_on, granted, gift_on, gift_until,
       given_at, greeted_at)
     SELECT n.member_id, $1, n.year, n.day,
       NOT EXISTS (SELECT FROM birthday_right r WHERE r.member_id = n.member_id AND r.programme_id = $1 AND r.granted
         AND abs(r.birthday_on - n.day) < $8),
       n.gift_on, n.gift_until, CASE WHEN n.is_late THEN $9::timestamptz END,
       CASE WHEN n.is_late THEN $9::timestamptz END
     FROM unnest($2::uuid[], $3::integer[], $4::date[], $5::date[], $6::date[], $7::boolean[])
       n (member_id, year, day, gift_on, gift_until, is_late)
     ORDER BY n.member_id
     ON CONFLICT DO NOTHING`,
    [
      programmeId,
      rights.map(({ memberId }) => memberId),
      rights.map(({ year }) => year),
      rights.map(({ date }) => date),
      rights.map(({ gift }) => gift.from),
      rights.map(({ gift }) => gift.until),
      rights.map(({ isLate }) => isLate),
      leastDaysApart,
      now,
    ],
  );
}

/** A right of which something is due. */
export interface DueRight {
  readonly memberId: string;
  readonly year: number;
  readonly giftUntil: string;
}

const dueColumns = `member_id AS "memberId", birthday_year AS year, gift_until::text AS "giftUntil"`;

/** Rights whose gift is due, of members that have an account in the programme: a range of birthday_right_gift. */
export function giftsDue(
  tx: EntityManager,
  programmeId: string,
  { from, until }: Stretch,
  most: number,
): Promise<DueRight[]> {
  return tx.query(
    `SELECT ${dueColumns} FROM birthday_right r
     WHERE programme_id = $1 AND gift_on BETWEEN $2 AND $3 AND granted AND given_at IS NULL
       AND EXISTS (SELECT FROM account a WHERE a.member_id = r.member_id AND a.programme_id = $1)
     ORDER BY gift_on LIMIT $4`,
    [programmeId, from, until, most],
  );
}

/** Rights whose greeting is due: a range of birthday_right_greeting. */
export function greetingsDue(
  tx: EntityManager,
  programmeId: string,
  { from, until }: Stretch,
  most: number,
): Promise<DueRight[]> {
  return tx.query(
    `SELECT ${dueColumns} FROM birthday_right
     WHERE programme_id = $1 AND birthday_on BETWEEN $2 AND $3 AND granted AND greeted_at IS NULL
     ORDER BY birthday_on LIMIT $4`,
    [programmeId, from, until, most],
  );
}

/** Marks what was due as done, and answers what was still due under the locks and whose members are there. */
export async function markDone(
  tx: EntityManager,
  programmeId: string,
  what: 'given_at' | 'greeted_at',
  due: readonly DueRight[],
  now: Date,
): Promise<DueRight[]> {
  const [rows] = await tx.query<[(DueRight & { readonly isThere: boolean })[], number]>(
    `UPDATE birthday_right r SET ${what} = $4
     FROM unnest($2::uuid[], $3::integer[]) d (member_id, year)
     JOIN member m ON m.member_id = d.member_id
     WHERE r.member_id = d.member_id AND r.programme_id = $1 AND r.birthday_year = d.year AND r.${what} IS NULL
     RETURNING r.member_id AS "memberId", r.birthday_year AS year, r.gift_until::text AS "giftUntil",
       m.gone_at IS NULL AND m.merged_into IS NULL AS "isThere"`,
    [programmeId, due.map(({ memberId }) => memberId), due.map(({ year }) => year), now],
  );
  return rows.filter(({ isThere }) => isThere);
}

/** Whether the window of a granted right is open on a date: a probe of birthday_right's primary key. */
export async function isWindowOpen(
  tx: EntityManager,
  memberId: string,
  programmeId: string,
  date: string,
): Promise<boolean> {
  const [row] = await tx.query<{ open: boolean }[]>(
    `SELECT EXISTS (SELECT FROM birthday_right WHERE member_id = $1 AND programme_id = $2 AND granted
       AND $3::date BETWEEN gift_on AND gift_until) AS open`,
    [memberId, programmeId, date],
  );
  return row?.open ?? false;
}

/** Forgets rights of birthdays before a date, a chunk of them. Answers how many. */
export async function forgetRights(tx: EntityManager, before: string, most: number): Promise<number> {
  const [, count] = await tx.query<[unknown[], number]>(
    `DELETE FROM birthday_right WHERE (member_id, programme_id, birthday_year) IN (
       SELECT member_id, programme_id, birthday_year FROM birthday_right WHERE birthday_on < $1
       ORDER BY birthday_on LIMIT $2)`,
    [before, most],
  );
  return count;
}

/** Forgets everything about the birthdays of a member and of those that were merged into her. */
export async function forgetMember(tx: EntityManager, memberId: string): Promise<void> {
  const hers = `(SELECT $1::uuid UNION SELECT member_id FROM member WHERE merged_into = $1)`;
  await tx.query(`DELETE FROM birthday_watch WHERE member_id IN ${hers}`, [memberId]);
  await tx.query(`DELETE FROM birthday_right WHERE member_id IN ${hers}`, [memberId]);
}
