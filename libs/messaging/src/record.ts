import type { NewRecord, StoredRecord } from './broker.js';
import { BadEvent, type ReceivedEvent } from './event.js';

/** A row of the outbox as the relay reads it. */
export interface OutboxRow {
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly type: string;
  readonly payload: string;
  readonly subject: string | null;
  readonly traceparent: string | null;
  readonly memberSeq: string | null;
  readonly timeMs: number;
  /** Grows when the data is restored into another cluster. */
  readonly generation: number;
  /** Its number in the order of writing. */
  readonly ord: number;
}

export interface Publisher {
  /** CloudEvents source, e.g. `/regulars/loyalty`. */
  readonly source: string;
  readonly topicPrefix: string;
  /** Compacted topics without the prefix: their records carry a version. */
  readonly compacted: ReadonlySet<string>;
}

/** The record of an outbox row: CloudEvents 1.0, Kafka binding, binary mode; the value is the stored JSON as it is. */
export function recordOf(row: OutboxRow, publisher: Publisher, traceparent: string | null): NewRecord {
  const time = new Date(row.timeMs);
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: row.id,
    ce_type: row.type,
    ce_source: publisher.source,
    ce_time: time.toISOString(),
    'content-type': 'application/json',
  };
  if (row.subject !== null) headers.ce_subject = row.subject;
  if (row.memberSeq !== null) headers.ce_memberseq = row.memberSeq;
  if (traceparent !== null) headers.traceparent = traceparent;
  if (publisher.compacted.has(row.topic)) headers.ce_version = versionOf(row);
  return { topic: publisher.topicPrefix + row.topic, key: row.key, value: row.payload, headers, time };
}

/** Text that sorts in writing order: numbers written after a backup are given again after a restore. */
function versionOf({ generation, ord }: OutboxRow): string {
  return `${String(generation).padStart(6, '0')}.${String(ord).padStart(19, '0')}`;
}

/** The event in a record; throws BadEvent when it lacks an id or a type or its value is not JSON. */
export function eventOf(topic: string, partition: number, record: StoredRecord): ReceivedEvent {
  const { headers, key, offset } = record;
  const {
    ce_id: id,
    ce_type: type,
    ce_time: time,
    ce_memberseq: memberSeq,
    ce_version: version,
    traceparent,
  } = headers;
  if (!id || !type) throw new BadEvent('The record has no ce_id or no ce_type');
  return {
    id,
    type,
    key,
    payload: jsonOf(record.value),
    topic,
    partition,
    offset: String(offset),
    time: timeOf(time) ?? record.time,
    ...(traceparent !== undefined && { traceparent }),
    ...(memberSeq !== undefined && { memberSeq: Number(memberSeq) }),
    ...(version !== undefined && { version }),
  };
}

function timeOf(text: string | undefined): Date | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : new Date(ms);
}

function jsonOf(value: Buffer | null): unknown {
  if (value === null) throw new BadEvent('The record has no value');
  try {
    return JSON.parse(value.toString());
  } catch {
    throw new BadEvent('The value is not JSON');
  }
}
