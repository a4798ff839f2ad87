import { appendToOutboxSql, type OutboxEvent, outboxArrays } from '@regulars/messaging';
import type { QueryConfig } from 'pg';
import { column, columnOf } from '../lanes/column.js';
import type { LedgerBatch, LotChange, NewEntry, NewLot, OpenAccount } from './ledger.js';

/** Sends the movements of a batch and their events, each table by one statement, without waiting. */
export function recordLedger(
  tx: { query(statement: QueryConfig): Promise<unknown> },
  ledger: LedgerBatch,
  events: readonly OutboxEvent[],
): Promise<unknown>[] {
  if (ledger.entries.length === 0) return [];
  const accounts = ledger.changed();
  const sent = [tx.query(accountsStatement(accounts)), tx.query(entriesStatement(ledger.entries))];
  const days = daysOf(accounts);
  if (days.length > 0) sent.push(tx.query(daysStatement(days)));
  if (ledger.lots.length > 0) sent.push(tx.query(lotsStatement(ledger.lots)));
  if (ledger.lotChanges.length > 0) sent.push(tx.query(lotChangesStatement(ledger.lotChanges)));
  sent.push(tx.query({ name: 'record_events', text: appendToOutboxSql, values: eventColumns(events) }));
  return sent;
}

/** Absolute values: the members' locks are held since before they were read. */
function accountsStatement(accounts: readonly OpenAccount[]): QueryConfig {
  return {
    name: 'record_accounts',
    text: `INSERT INTO account (member_id, programme_id, balance, debt, member_seq, posted_at, next_expiry_at)
      SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[],
        $7::timestamptz[])
      ON CONFLICT (member_id, programme_id) DO UPDATE SET balance = excluded.balance, debt = excluded.debt,
        member_seq = excluded.member_seq, posted_at = excluded.posted_at, next_expiry_at = excluded.next_expiry_at`,
    values: [
      columnOf(accounts, ({ memberId }) => memberId),
      columnOf(accounts, ({ programmeId }) => programmeId),
      columnOf(accounts, ({ balance }) => balance),
      columnOf(accounts, ({ debt }) => debt),
      columnOf(accounts, ({ memberSeq }) => memberSeq),
      columnOf(accounts, ({ postedMs }) => instant(postedMs)),
      columnOf(accounts, ({ nextExpiryMs }) => (nextExpiryMs === undefined ? null : instant(nextExpiryMs))),
    ],
  };
}

function entriesStatement(entries: readonly NewEntry[]): QueryConfig {
  return {
    name: 'record_entries',
    text: `INSERT INTO entry (entry_id, member_id, programme_id, member_seq, kind, points, balance_after, source_id,
        store_id, business_date, posted_at, programme_version, explain)
      SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[],
        $8::uuid[], $9::uuid[], $10::date[], $11::timestamptz[], $12::integer[], $13::json[])`,
    values: [
      columnOf(entries, ({ entryId }) => entryId),
      columnOf(entries, ({ account }) => account.memberId),
      columnOf(entries, ({ account }) => account.programmeId),
      columnOf(entries, ({ memberSeq }) => memberSeq),
      columnOf(entries, ({ kind }) => kind),
      columnOf(entries, ({ points }) => points),
      columnOf(entries, ({ balanceAfter }) => balanceAfter),
      columnOf(entries, ({ sourceId }) => sourceId),
      columnOf(entries, ({ storeId }) => storeId ?? null),
      columnOf(entries, ({ businessDate }) => businessDate),
      columnOf(entries, ({ postedMs }) => instant(postedMs)),
      columnOf(entries, ({ programmeVersion }) => programmeVersion),
      columnOf(entries, ({ steps }) => JSON.stringify(steps)),
    ],
  };
}

function lotsStatement(lots: readonly NewLot[]): QueryConfig {
  return {
    name: 'record_lots',
    text: `INSERT INTO lot (lot_id, member_id, programme_id, points, remaining, expires_at)
      SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::timestamptz[])`,
    values: [
      columnOf(lots, ({ lotId }) => lotId),
      columnOf(lots, ({ account }) => account.memberId),
      columnOf(lots, ({ account }) => account.programmeId),
      columnOf(lots, ({ points }) => points),
      columnOf(lots, ({ remaining }) => remaining),
      columnOf(lots, ({ expiresMs }) => (expiresMs === undefined ? null : instant(expiresMs))),
    ],
  };
}

/** A lot that several refunds of a batch take from is changed by their sum. */
function lotChangesStatement(changes: readonly LotChange[]): QueryConfig {
  return {
    name: 'change_lots',
    text: `UPDATE lot SET remaining = lot.remaining - change.taken, expired = lot.expired - change.forgiven,
        spent = lot.spent + change.spent
      FROM (
        SELECT member_id, programme_id, lot_id, sum(taken)::bigint AS taken, sum(forgiven)::bigint AS forgiven,
          sum(spent)::bigint AS spent
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[])
          AS c (member_id, programme_id, lot_id, taken, forgiven, spent) GROUP BY 1, 2, 3
      ) change
      WHERE lot.member_id = change.member_id AND lot.programme_id = change.programme_id AND lot.lot_id = change.lot_id`,
    values: [
      columnOf(changes, ({ account }) => account.memberId),
      columnOf(changes, ({ account }) => account.programmeId),
      columnOf(changes, ({ lotId }) => lotId),
      columnOf(changes, ({ taken }) => taken),
      columnOf(changes, ({ forgiven }) => forgiven),
      columnOf(changes, ({ spent = 0 }) => spent),
    ],
  };
}

interface DayChange {
  readonly account: OpenAccount;
  readonly businessDate: string;
  points: number;
  spentMinor: number;
}

function daysOf(accounts: readonly OpenAccount[]): DayChange[] {
  const changes: DayChange[] = [];
  for (const account of accounts) {
    const mine: DayChange[] = [];
    for (const { businessDate, points, spentMinor } of account.days) {
      const same = mine.find((change) => change.businessDate === businessDate);
      if (same) {
        same.points += points;
        same.spentMinor += spentMinor;
      } else mine.push({ account, businessDate, points, spentMinor });
    }
    changes.push(...mine);
  }
  return changes;
}

function daysStatement(days: readonly DayChange[]): QueryConfig {
  return {
    name: 'record_days',
    text: `INSERT INTO member_day (member_id, programme_id, business_date, points, spent_minor)
      SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::bigint[], $5::bigint[])
      ON CONFLICT (member_id, programme_id, business_date) DO UPDATE
      SET points = member_day.points + excluded.points, spent_minor = member_day.spent_minor + excluded.spent_minor`,
    values: [
      columnOf(days, ({ account }) => account.memberId),
      columnOf(days, ({ account }) => account.programmeId),
      columnOf(days, ({ businessDate }) => businessDate),
      columnOf(days, ({ points }) => points),
      columnOf(days, ({ spentMinor }) => spentMinor),
    ],
  };
}

function eventColumns(events: readonly OutboxEvent[]): string[] {
  return outboxArrays(events).map((values) => column(values as (string | number | null)[]));
}

let lastInstant = { ms: Number.NaN, text: '' };

/** The same moment is asked for row after row. */
function instant(ms: number): string {
  if (lastInstant.ms !== ms) lastInstant = { ms, text: new Date(ms).toISOString() };
  return lastInstant.text;
}
