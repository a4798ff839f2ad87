import type { QueryArrayResult, QueryConfig } from 'pg';
import { type AccountState, noAccount } from '../points/ledger.js';
import { tierPeriodBegins } from './credit.js';
import type { Claim, Decided, Held, NewPurchase, Posting } from './decide-purchases.js';
import type { StoredResult } from './result.js';

/** A transaction on a lane's own connection: statements are sent at once and answered in order. */
export interface LaneTransaction {
  query(statement: QueryConfig): Promise<unknown>;
  rows<Row extends unknown[]>(statement: QueryConfig): Promise<QueryArrayResult<Row>>;
}

/** What the locks showed for a batch. */
export interface HeldBatch {
  /** Of programmes, stores and tills, as of the locks. */
  readonly revision: number;
  readonly items: Held[];
  /** Some member was merged into another after the locks were chosen. */
  readonly wasMerged: boolean;
}

type HeldRow = [
  item: number,
  revision: number,
  memberId: string | null,
  isKnown: boolean,
  isGone: boolean,
  mergedInto: string | null,
  balance: number | null,
  debt: number,
  memberSeq: number,
  postedMs: number,
  nextExpiryMs: number | null,
  dayPoints: number,
  monthPoints: number,
  spentMinor: number,
  claimId: string | null,
  claimFingerprint: Buffer,
  claimRungMs: number,
  claimOffset: number,
  claimResult: StoredResult,
  keyFingerprint: Buffer | null,
  keyResult: StoredResult,
  twinId: string | null,
  twinRungMs: number,
];

/** Round trip one: locks the members of the postings, sorted, then reads what their decisions need. */
export async function holdMembers(tx: LaneTransaction, postings: readonly Posting[]): Promise<HeldBatch> {
  const { rows } = await tx.rows<HeldRow>({
    name: 'hold_members',
    text: `SELECT * FROM hold_members($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[], $6::bytea[], $7::text[],
      $8::text[], $9::uuid[], $10::text[], $11::bytea[], $12::date[])`,
    values: [
      postings.map(({ ground }) => ground.programme.programmeId),
      postings.map(({ receipt }) => receipt.storeId),
      postings.map(({ receipt }) => receipt.tillId),
      postings.map(({ receipt }) => receipt.businessDate),
      postings.map(({ receipt }) => receipt.receiptNumber),
      postings.map(({ content }) => content.fingerprint),
      postings.map(({ caller }) => caller),
      postings.map(({ key }) => key ?? null),
      ...memberColumns(postings),
      postings.map(({ ground, receipt }) => tierPeriodBegins(ground.policy, receipt.businessDate)),
    ],
  });
  return {
    revision: rows[0]?.[1] ?? 0,
    items: rows.map(heldOf),
    wasMerged: rows.some(([, , , , , mergedInto]) => mergedInto !== null),
  };
}

/** Revision of programmes, stores and tills, for a batch that has nothing to hold. */
export async function currentRevision(tx: LaneTransaction): Promise<number> {
  const { rows } = await tx.rows<[number]>({ name: 'revision', text: `SELECT revision FROM reference_revision` });
  return rows[0]?.[0] ?? 0;
}

/**
 * Round trip two: sends everything a batch comes to, each table by one statement, and does not wait. Rows are sorted by
 * key, so that two batches that insert the same ones wait for each other instead of locking each other out.
 */
export function record(tx: LaneTransaction, decided: Decided, nowMs: number): Promise<unknown>[] {
  const now = new Date(nowMs).toISOString();
  const sent: Promise<unknown>[] = [];
  const send = (rows: readonly unknown[], statement: () => QueryConfig) => {
    if (rows.length > 0) sent.push(tx.query(statement()));
  };
  send(decided.keys, () => keysStatement(decided.keys, now));
  send(decided.purchases, () => purchasesStatement(decided.purchases, now));
  send(decided.pending, () => pendingStatement(decided.pending, now));
  send(decided.holds, () => holdsStatement(decided.holds, now));
  send(decided.conflicts, () => conflictsStatement(decided.conflicts, now));
  return sent;
}

/** Makes the commit of a batch that only repeats answers wait for the standby as the first answers did. */
export function markReplay(tx: LaneTransaction): Promise<unknown> {
  return tx.query({ name: 'replay', text: `SELECT pg_logical_emit_message(true, 'replay', '')` });
}

function memberColumns(postings: readonly Posting[]): [(string | null)[], (string | null)[], (Buffer | null)[]] {
  const ids: (string | null)[] = [];
  const numbers: (string | null)[] = [];
  const tokens: (Buffer | null)[] = [];
  for (const { purchase } of postings) {
    const by = purchase.member?.by;
    ids.push(by?.$case === 'memberId' ? by.value : null);
    numbers.push(by?.$case === 'number' ? by.value : null);
    tokens.push(by?.$case === 'codeTokenSha256' ? Buffer.from(by.value) : null);
  }
  return [ids, numbers, tokens];
}

function heldOf(row: HeldRow): Held {
  const [, , memberId, isKnown, isGone, , , , , , , dayPoints, monthPoints, spentMinor, ...rest] = row;
  const [claimId, fingerprint, rungMs, offsetMinutes, result, keyFingerprint, keyResult, twinId, twinRungMs] = rest;
  return {
    memberId: memberId ?? undefined,
    isKnown,
    isGone,
    account: accountOf(row),
    past: { dayPoints, monthPoints, spentMinor },
    claim: claimId === null ? undefined : ({ id: claimId, fingerprint, rungMs, offsetMinutes, result } satisfies Claim),
    keyed: keyFingerprint === null ? undefined : { fingerprint: keyFingerprint, result: keyResult },
    twin: twinId === null ? undefined : { id: twinId, rungMs: twinRungMs },
  };
}

function accountOf([, , , , , , balance, debt, memberSeq, postedMs, nextExpiryMs]: HeldRow): AccountState {
  if (balance === null) return noAccount;
  return { balance, debt, memberSeq, postedMs, nextExpiryMs: nextExpiryMs ?? undefined };
}

function keysStatement(keys: Decided['keys'], now: string): QueryConfig {
  const sorted = [...keys].sort((a, b) => compare(a.posting.caller, b.posting.caller) || compareKeys(a, b));
  return {
    name: 'record_keys',
    text: `INSERT INTO idempotency (caller, route, key, fingerprint, result, created_at)
      SELECT caller, 'purchase', key, fingerprint, result, $5::timestamptz
      FROM unnest($1::text[], $2::text[], $3::bytea[], $4::json[]) AS k (caller, key, fingerprint, result)`,
    values: [
      sorted.map(({ posting }) => posting.caller),
      sorted.map(({ posting }) => posting.key),
      sorted.map(({ posting }) => posting.content.bodyFingerprint),
      sorted.map(({ result }) => JSON.stringify(result)),
      now,
    ],
  };
}

function purchasesStatement(purchases: readonly NewPurchase[], now: string): QueryConfig {
  const sorted = [...purchases].sort(byClaim);
  return {
    name: 'record_purchases',
    text: `INSERT INTO purchase (programme_id, store_id, till_id, business_date, receipt_number, purchase_id, fingerprint,
        rung_at, rung_at_offset_minutes, state, member_id, programme_version, total_minor, channel, party_size, lines,
        payments, result, posted_at)
      SELECT *, $19::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[], $6::uuid[],
        $7::bytea[], $8::timestamptz[], $9::smallint[], $10::text[], $11::uuid[], $12::integer[], $13::bigint[],
        $14::text[], $15::integer[], $16::json[], $17::json[], $18::json[])`,
    values: [
      ...receiptColumns(sorted),
      sorted.map(({ id }) => id),
      sorted.map(({ posting }) => posting.content.fingerprint),
      sorted.map(({ posting }) => new Date(posting.rungMs).toISOString()),
      sorted.map(({ posting }) => posting.purchase.rungAtOffsetMinutes),
      sorted.map(({ result }) => result.o),
      sorted.map(({ memberId }) => memberId ?? null),
      sorted.map(({ posting }) => posting.ground.policy.version),
      sorted.map(({ posting }) => posting.purchase.totalMinor),
      sorted.map(({ posting }) => posting.purchase.channel),
      sorted.map(({ posting }) => posting.purchase.partySize),
      sorted.map(({ posting }) => posting.content.lines),
      sorted.map(({ posting }) => posting.content.payments),
      sorted.map(({ result }) => JSON.stringify(result)),
      now,
    ],
  };
}

function pendingStatement(pending: Decided['pending'], now: string): QueryConfig {
  return {
    name: 'record_pending',
    text: `INSERT INTO pending_purchase (programme_id, store_id, till_id, business_date, receipt_number, purchase_id,
        told_member, due_at)
      SELECT *, $8::timestamptz + interval '1 second' FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[],
        $5::text[], $6::uuid[], $7::text[])`,
    values: [...receiptColumns(pending), pending.map(({ id }) => id), pending.map(({ told }) => told), now],
  };
}

function holdsStatement(holds: Decided['holds'], now: string): QueryConfig {
  return {
    name: 'record_holds',
    text: `INSERT INTO purchase_hold (programme_id, store_id, till_id, business_date, receipt_number, purchase_id,
        twin_purchase_id, reason, held_at)
      SELECT *, 'BUSINESS_DATE_MAY_BE_RESTAMPED', $8::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::uuid[],
        $4::date[], $5::text[], $6::uuid[], $7::uuid[])`,
    values: [...receiptColumns(holds), holds.map(({ id }) => id), holds.map(({ twinId }) => twinId), now],
  };
}

function conflictsStatement(conflicts: readonly Posting[], now: string): QueryConfig {
  const rows = conflicts.map((posting) => ({ posting })).sort(byClaim);
  return {
    name: 'record_conflicts',
    text: `INSERT INTO receipt_conflict (programme_id, store_id, till_id, business_date, receipt_number, fingerprint, body,
        kind, posted_at)
      SELECT *, 'purchase', $8::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[],
        $6::bytea[], $7::json[])
      ON CONFLICT DO NOTHING`,
    values: [
      ...receiptColumns(rows),
      rows.map(({ posting }) => posting.content.bodyFingerprint),
      rows.map(({ posting }) => bodyOf(posting)),
      now,
    ],
  };
}

/** What a reconciler needs to see of a body that was not taken. */
function bodyOf({ purchase, content, rungMs }: Posting): string {
  const { currency, totalMinor, channel, partySize } = purchase;
  const head = { rungAt: new Date(rungMs).toISOString(), currency, totalMinor, channel, partySize };
  return `{"head":${JSON.stringify(head)},"lines":${content.lines},"payments":${content.payments}}`;
}

function receiptColumns(rows: readonly { readonly posting: Posting }[]): string[][] {
  return [
    rows.map(({ posting }) => posting.ground.programme.programmeId),
    rows.map(({ posting }) => posting.receipt.storeId),
    rows.map(({ posting }) => posting.receipt.tillId),
    rows.map(({ posting }) => posting.receipt.businessDate),
    rows.map(({ posting }) => posting.receipt.receiptNumber),
  ];
}

function byClaim(a: { readonly posting: Posting }, b: { readonly posting: Posting }): number {
  const [one, other] = [a.posting.receipt, b.posting.receipt];
  return (
    compare(one.tillId, other.tillId) ||
    compare(one.businessDate, other.businessDate) ||
    compare(one.receiptNumber, other.receiptNumber)
  );
}

function compareKeys(a: Decided['keys'][number], b: Decided['keys'][number]): number {
  return compare(a.posting.key ?? '', b.posting.key ?? '');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
