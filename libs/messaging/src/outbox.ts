/** What a statement can be run on: an EntityManager, a QueryRunner, a DataSource, a pg client. */
export interface SqlRunner {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/** A fact, written in the transaction that makes it true. */
export interface OutboxEvent {
  /** UUIDv7, unique for ever: what consumers dedupe by. */
  readonly id: string;
  /** Topic without the installation's prefix. */
  readonly topic: string;
  /** Member id, or the id of the aggregate; events of one key keep their order. */
  readonly key: string;
  /** Full proto message name, e.g. `regulars.loyalty.v1.PointsEarned`. */
  readonly type: string;
  /** Proto JSON with ids only: no name, mobile, address or text that a person wrote. */
  readonly payload: object;
  /** CloudEvents subject, e.g. a receipt or case number. */
  readonly subject?: string;
  readonly traceparent?: string;
  /** Position in the member's own history. */
  readonly memberSeq?: number;
}

/** An event that was published before, with the time at which it happened. */
export interface RepublishedEvent extends OutboxEvent {
  readonly time: Date;
}

/** A record larger than this would be refused by a broker with its default limits and hold up all that follow. */
const MAX_PAYLOAD_CHARACTERS = 256 * 1024;

const REPUBLISH_CHUNK = 500;

/** The insert behind `appendToOutbox`, for a hot path that pipelines its statements; takes `outboxArrays(events)`. */
export const appendToOutboxSql = `insert into outbox
  (id, aggregatetype, aggregateid, type, payload, subject, traceparent, member_seq, occurred_at)
select id, topic, key, type, payload, subject, traceparent, member_seq, occurred_at
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::json[], $6::text[], $7::text[], $8::bigint[],
  $9::timestamptz[])
  as event (id, topic, key, type, payload, subject, traceparent, member_seq, occurred_at)`;

/** The parameters of `appendToOutboxSql`. Throws for a payload of more than 256 Ki characters: a defect of the writer. */
export function outboxArrays(events: readonly (OutboxEvent | RepublishedEvent)[]): unknown[] {
  return [
    events.map((event) => event.id),
    events.map((event) => event.topic),
    events.map((event) => event.key),
    events.map((event) => event.type),
    events.map(payloadText),
    events.map((event) => event.subject ?? null),
    events.map((event) => event.traceparent ?? null),
    events.map((event) => event.memberSeq ?? null),
    events.map((event) => ('time' in event ? event.time.toISOString() : null)),
  ];
}

/** Writes the events in the caller's transaction: they are published if and only if it commits, in the given order. */
export async function appendToOutbox(tx: SqlRunner, events: readonly OutboxEvent[]): Promise<void> {
  if (events.length > 0) await tx.query(appendToOutboxSql, outboxArrays(events));
}

/**
 * Publishes events again, read by the owner from its own tables, with their original ids and times: consumers that
 * applied them before do nothing, a rebuilt projection fills. Given a DataSource or a client outside a transaction,
 * each chunk of 500 is a short transaction of its own. Answers how many were written.
 */
export async function appendRepublished(
  runner: SqlRunner,
  events: AsyncIterable<RepublishedEvent> | Iterable<RepublishedEvent>,
): Promise<number> {
  let written = 0;
  let chunk: RepublishedEvent[] = [];
  const flush = async () => {
    await appendToOutbox(runner, chunk);
    written += chunk.length;
    chunk = [];
  };
  for await (const event of events) {
    chunk.push(event);
    if (chunk.length === REPUBLISH_CHUNK) await flush();
  }
  await flush();
  return written;
}

function payloadText(event: OutboxEvent): string {
  const text = JSON.stringify(event.payload);
  if (text.length > MAX_PAYLOAD_CHARACTERS) {
    throw new RangeError(`Event ${event.id} (${event.type}) has a payload of ${text.length} characters`);
  }
  return text;
}

/** Tells this process's relay that something was committed; publishing does not depend on it, only its delay does. */
export class Outbox {
  #listener: (() => void) | undefined;

  /** Call after COMMIT. Costs nothing, never throws. */
  wake(): void {
    this.#listener?.();
  }

  /** The one relay of this process registers itself here. */
  onWake(listener: () => void): void {
    this.#listener = listener;
  }
}
