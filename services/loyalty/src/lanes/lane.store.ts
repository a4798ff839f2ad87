import type { Socket } from 'node:net';
import pg, { type QueryArrayResult, type QueryConfig } from 'pg';
import type { LaneTransaction } from './lane.js';

/**
 * Plans of a lane's statements are made once and stay: nested loops over primary keys, whatever the statistics of a young
 * database say. Nothing that a lane does takes seconds, so what does is stuck.
 */
const session = `SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;
  SET enable_mergejoin = off; SET enable_bitmapscan = off; SET enable_material = off; SET jit = off; SET statement_timeout = '5s'; SET lock_timeout = '4s';
  SET idle_in_transaction_session_timeout = '10s'`;

/** A COMMIT that PostgreSQL answered with ROLLBACK. */
export class NotCommitted extends Error {
  override readonly name = 'NotCommitted';
}

/** A lane's own connection: one transaction at a time, statements pipelined. */
export class LaneConnection implements LaneTransaction {
  /** Whether COMMIT of the present transaction is on its way: from here on a lost connection leaves the outcome open. */
  commitSent = false;
  isOpen = true;

  /** The socket below: statements of a round trip leave in one write instead of one each. */
  private readonly socket: Socket;
  private isCorked = false;

  private constructor(private readonly client: pg.Client) {
    this.socket = (client as unknown as { connection: { stream: Socket } }).connection.stream;
    const close = () => {
      this.isOpen = false;
    };
    client.on('error', close);
    client.on('end', close);
  }

  static async open(url: string): Promise<LaneConnection> {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'regulars-loyalty-lane',
      connectionTimeoutMillis: 2_000,
      keepAlive: true,
      pipeline: true,
    });
    // Until the connection stands, what goes wrong is told by connect() itself.
    client.on('error', () => undefined);
    await client.connect();
    await client.query(session);
    return new LaneConnection(client);
  }

  begin(): void {
    this.commitSent = false;
    this.cork();
    // A failure of BEGIN is also one of every statement after it.
    this.client.query('BEGIN').catch(() => undefined);
  }

  query(statement: QueryConfig): Promise<unknown> {
    this.cork();
    return this.client.query(statement);
  }

  rows<Row extends unknown[]>(statement: QueryConfig): Promise<QueryArrayResult<Row>> {
    const answer = this.client.query<Row>({ ...statement, rowMode: 'array' });
    this.uncork();
    return answer;
  }

  async commit(sent: readonly Promise<unknown>[]): Promise<void> {
    this.commitSent = true;
    const commit = this.client.query('COMMIT');
    this.uncork();
    const [{ command }] = await Promise.all([commit, ...sent]);
    if (command !== 'COMMIT') throw new NotCommitted(command);
  }

  rollback(): void {
    this.client.query('ROLLBACK').catch(() => undefined);
    this.uncork();
  }

  /** Gives up the connection at once, for one that does not answer any more. */
  destroy(): void {
    this.isOpen = false;
    this.socket.destroy();
  }

  async close(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }

  private cork(): void {
    if (this.isCorked) return;
    this.isCorked = true;
    this.socket.cork();
  }

  private uncork(): void {
    if (!this.isCorked) return;
    this.isCorked = false;
    this.socket.uncork();
  }
}
