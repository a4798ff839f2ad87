import type { DataSource, EntityManager } from 'typeorm';
import type { Task } from './tasks.js';

/** Statements of a service's migration: orders to be carried out, and who was erased. */
export const memberDataTables = {
  up: [
    `CREATE TABLE member_data_task (
      request_id uuid PRIMARY KEY,
      member_id uuid NOT NULL,
      kind text NOT NULL CHECK (kind IN ('export', 'erasure')),
      ordered_at timestamptz NOT NULL
    )`,
    `CREATE TABLE erased_member (
      member_id uuid PRIMARY KEY,
      request_id uuid NOT NULL,
      erased_at timestamptz NOT NULL
    )`,
    // Which database the erasures of the past were obeyed in: a restored one has another name.
    `CREATE TABLE erasures_obeyed (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      database text NOT NULL
    )`,
  ],
  down: ['DROP TABLE erasures_obeyed, erased_member, member_data_task'],
} as const;

export async function addTasks(tx: EntityManager, tasks: readonly Task[]): Promise<void> {
  await tx.query(
    `INSERT INTO member_data_task SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
     ON CONFLICT DO NOTHING`,
    [
      tasks.map((task) => task.requestId),
      tasks.map((task) => task.memberId),
      tasks.map((task) => task.kind),
      tasks.map((task) => task.orderedAt.toISOString()),
    ],
  );
}

export function openTasks(dataSource: DataSource, most: number): Promise<Task[]> {
  return dataSource.query<Task[]>(
    `SELECT request_id AS "requestId", member_id AS "memberId", kind, ordered_at AS "orderedAt"
     FROM member_data_task ORDER BY ordered_at, request_id LIMIT $1`,
    [most],
  );
}

export async function closeTask(tx: EntityManager, requestId: string): Promise<void> {
  await tx.query('DELETE FROM member_data_task WHERE request_id = $1', [requestId]);
}

export async function noteErased(tx: EntityManager, { memberId, requestId }: Task, at: Date): Promise<void> {
  await tx.query('INSERT INTO erased_member VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [memberId, requestId, at]);
}

/** Of these orders, those of members who are not erased here. */
export async function notObeyed(dataSource: DataSource, orders: readonly Task[]): Promise<Task[]> {
  const rows = await dataSource.query<{ memberId: string }[]>(
    'SELECT member_id AS "memberId" FROM erased_member WHERE member_id = ANY ($1::uuid[])',
    [orders.map(({ memberId }) => memberId)],
  );
  const erased = new Set(rows.map(({ memberId }) => memberId));
  return orders.filter(({ memberId }) => !erased.has(memberId));
}

/** Another cluster, another timeline after a recovery, and another database each have another name. */
export async function nameOfDatabase(dataSource: DataSource): Promise<string> {
  const [row] = await dataSource.query<[{ name: string }]>(
    `SELECT system_identifier || '/' || timeline_id || '/' || oid AS name
     FROM pg_control_system(), pg_control_checkpoint(), pg_database WHERE datname = current_database()`,
  );
  return row.name;
}

export async function obeyedIn(dataSource: DataSource): Promise<string | undefined> {
  const [row] = await dataSource.query<{ database: string }[]>('SELECT database FROM erasures_obeyed');
  return row?.database;
}

export async function noteObeyed(dataSource: DataSource, database: string): Promise<void> {
  await dataSource.query(
    `INSERT INTO erasures_obeyed (database) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET database = excluded.database`,
    [database],
  );
}
