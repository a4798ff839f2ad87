import pg from 'pg';
import type { OutboxRow } from './record.js';
import { WritingOrder } from './writing-order.js';

type RowArray = [
  id: string,
  topic: string,
  key: string,
  type: string,
  payload: string,
  subject: string | null,
  traceparent: string | null,
  memberSeq: string | null,
  timeMs: number,
  generation: number,
  ord: string,
  oldestOpen: string,
];

/**
 * What is committed behind the cursor, with the oldest transaction that was open at the same moment: a merge of index
 * scans on `outbox_ord`, one per day.
 */
const readCommitted = `select id, aggregatetype, aggregateid, type, payload::text, subject, traceparent, member_seq::text,
    (extract(epoch from coalesce(occurred_at, created_at)) * 1000)::float8, generation, ord::text,
    pg_snapshot_xmin(pg_current_snapshot())::text
  from outbox where ord > $1::bigint order by outbox.ord limit $2`;

/** What a look at the outbox found. */
export interface Found {
  /** What may be published now, in the order of writing. */
  readonly rows: readonly OutboxRow[];
  /** Whether there is more that may not be published yet. */
  readonly isHeldBack: boolean;
  /** Whether there may be more behind the limit. */
  readonly isFull: boolean;
}

/** The one session of a relay: its lock, its epoch, its cursor. It ends with the connection, and so does the lead. */
export class RelaySession {
  readonly #order = new WritingOrder();
  #epoch = '0';

  private constructor(private readonly client: pg.Client) {}

  static async open(databaseUrl: string): Promise<RelaySession> {
    const client = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'relay',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      query_timeout: 30_000,
      pipeline: true,
    });
    // The next query fails as well, and that failure is the one that is handled.
    client.on('error', () => undefined);
    await client.connect();
    return new RelaySession(client);
  }

  /** Takes the lead where nobody holds it; answers whether. */
  async tryLead(): Promise<boolean> {
    const { rows } = await this.client.query<{ locked: boolean }>(
      `select pg_try_advisory_lock(hashtextextended(current_schema || ' relay', 0)) as locked`,
    );
    return rows[0]?.locked === true;
  }

  /** Begins a new epoch, which ends that of every earlier leader, and answers through which row all is published. */
  async begin(): Promise<number> {
    const { rows } = await this.client.query<{ epoch: string; through: string }>(
      `update relay_cursor set epoch = epoch + 1 returning epoch::text, through_ord::text as through`,
    );
    const [cursor] = rows;
    if (!cursor) throw new Error('relay_cursor has no row');
    this.#epoch = cursor.epoch;
    // A cursor lost in a crash of the database costs events published twice, which consumers bear; a commit that waits
    // for the disk costs the purchase path.
    // The plan that is kept is made when a day is young and small; it has to go on serving when the day is neither.
    await this.client.query(
      'set synchronous_commit = off; set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off',
    );
    return Number(cursor.through);
  }

  /** Looks at what is committed behind `through`, at most `limit` rows. */
  async read(through: number, limit: number): Promise<Found> {
    const { rows: found } = await this.client.query<RowArray>({
      name: 'relay-read',
      text: readCommitted,
      values: [through, limit],
      rowMode: 'array',
    });
    const rows = found.map(rowOf);
    const ready = this.#order.ready(through, rows, BigInt(found[0]?.[11] ?? 0));
    const isHeldBack = ready < rows.length;
    if (isHeldBack && this.#order.wantsMark) this.#order.mark(rows, await this.#nextTransaction());
    return { rows: rows.slice(0, ready), isHeldBack, isFull: rows.length === limit };
  }

  /** Moves the cursor; false when another relay has begun an epoch since. */
  async advance(through: number): Promise<boolean> {
    const { rowCount } = await this.client.query({
      name: 'relay-advance',
      text: 'update relay_cursor set through_ord = $2 where epoch = $1',
      values: [this.#epoch, through],
    });
    return rowCount === 1;
  }

  async close(): Promise<void> {
    await this.client.end();
  }

  /** An id that every transaction which has one by now is below. */
  async #nextTransaction(): Promise<bigint> {
    const { rows } = await this.client.query<{ xid: string }>('select pg_current_xact_id()::text as xid');
    return BigInt(rows[0]?.xid ?? 0);
  }
}

function rowOf(row: RowArray): OutboxRow {
  return {
    id: row[0],
    topic: row[1],
    key: row[2],
    type: row[3],
    payload: row[4],
    subject: row[5],
    traceparent: row[6],
    memberSeq: row[7],
    timeMs: row[8],
    generation: row[9],
    ord: Number(row[10]),
  };
}
