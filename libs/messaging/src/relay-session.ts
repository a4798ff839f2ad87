import pg from 'pg';
import type { OutboxPosition, OutboxRow } from './record.js';

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
  xid: string,
  ord: string,
];

const columns = `id, aggregatetype, aggregateid, type, payload::text, subject, traceparent, member_seq::text,
  (extract(epoch from coalesce(occurred_at, created_at)) * 1000)::float8, generation, xid::text, ord::text`;

/**
 * Rows of this cluster after the cursor, as far as every transaction with a lower id has ended: a merge of index scans
 * on `outbox_position`, one per day, each between two bounds of the index.
 */
const readCurrent = `select ${columns} from outbox
  where generation = $1 and (xid, ord) > ($2::xid8, $3::bigint) and xid < pg_snapshot_xmin(pg_current_snapshot())
  order by outbox.generation, outbox.xid, outbox.ord limit $4`;

/** Rows that came with a restored database: their transactions ended in another cluster, its ids mean nothing here. */
const readRestored = `select ${columns} from outbox
  where (generation, xid, ord) > ($1, $2::xid8, $3::bigint) and generation < $5
  order by outbox.generation, outbox.xid, outbox.ord limit $4`;

/** The one session of a relay: its lock, its epoch, its cursor. It ends with the connection, and so does the lead. */
export class RelaySession {
  #epoch = '0';
  #currentGeneration = 0;

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

  /** Begins a new epoch, which ends that of every earlier leader, and answers where its predecessor stopped. */
  async begin(): Promise<OutboxPosition> {
    const { rows } = await this.client.query<OutboxPosition & { epoch: string; currentGeneration: number }>(
      `update relay_cursor set epoch = epoch + 1
       returning epoch::text, generation, xid::text, ord::text, current_generation as "currentGeneration"`,
    );
    const [cursor] = rows;
    if (!cursor) throw new Error('relay_cursor has no row');
    this.#epoch = cursor.epoch;
    this.#currentGeneration = cursor.currentGeneration;
    // A cursor lost in a crash of the database costs events published twice, which consumers bear; a commit that waits
    // for the disk costs the purchase path.
    await this.client.query('set synchronous_commit = off');
    const { generation, xid, ord } = cursor;
    return { generation, xid, ord };
  }

  /** The next rows after `from`, at most `limit`, in (generation, xid, ord) order. */
  async read(from: OutboxPosition, limit: number): Promise<OutboxRow[]> {
    if (from.generation < this.#currentGeneration) {
      const restored = await this.#rows('relay-restored', readRestored, [
        from.generation,
        from.xid,
        from.ord,
        limit,
        this.#currentGeneration,
      ]);
      if (restored.length > 0) return restored;
      return this.read({ generation: this.#currentGeneration, xid: '0', ord: '0' }, limit);
    }
    return this.#rows('relay-current', readCurrent, [from.generation, from.xid, from.ord, limit]);
  }

  /** Moves the cursor; false when another relay has begun an epoch since. */
  async advance(to: OutboxPosition): Promise<boolean> {
    const { rowCount } = await this.client.query({
      name: 'relay-advance',
      text: 'update relay_cursor set generation = $2, xid = $3::xid8, ord = $4 where epoch = $1',
      values: [this.#epoch, to.generation, to.xid, to.ord],
    });
    return rowCount === 1;
  }

  async close(): Promise<void> {
    await this.client.end();
  }

  async #rows(name: string, text: string, values: unknown[]): Promise<OutboxRow[]> {
    const { rows } = await this.client.query<RowArray>({ name, text, values, rowMode: 'array' });
    return rows.map((row) => ({
      id: row[0],
      topic: row[1],
      key: row[2],
      type: row[3],
      payload: row[4],
      subject: row[5],
      traceparent: row[6],
      memberSeq: row[7],
      timeMs: row[8],
      position: { generation: row[9], xid: row[10], ord: row[11] },
    }));
  }
}
