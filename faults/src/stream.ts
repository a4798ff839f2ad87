import type { StoredEvent } from './stored.js';
import type { TopicRecord } from './topic.js';
import type { Violation } from './violation.js';

/**
 * Holds a topic against the outbox it comes from (requirement O2): every event arrives, a member's events in the order of
 * `member_seq` without a gap. An event may lie in the topic twice, because a relay that died repeats what it is not sure
 * of: what counts is where it lies first. Pure.
 */
export function brokenStream(events: readonly StoredEvent[], records: readonly TopicRecord[]): Violation[] {
  const violations: Violation[] = [];
  const written = new Map(events.map((event) => [event.id, event]));
  const arrived = new Set<string>();
  const placed = new Map<string, { partition: number; seq: number }>();
  for (const record of inOrder(records)) {
    const event = written.get(record.eventId);
    if (!event) {
      violations.push({ rule: 'nothing is published that was not written', what: `event ${record.eventId}` });
      continue;
    }
    if (arrived.has(event.id)) continue;
    arrived.add(event.id);
    if (record.key !== event.key) {
      violations.push({
        rule: 'an event lies under its key',
        what: `event ${event.id}: ${record.key} for ${event.key}`,
      });
    }
    if (event.memberSeq === undefined) continue;
    const before = placed.get(event.key);
    if (event.memberSeq !== (before?.seq ?? 0) + 1) {
      violations.push({
        rule: "a topic has a member's events in the order of member_seq",
        what: `${event.key}: ${event.memberSeq} after ${before?.seq ?? 0}`,
      });
    }
    if (before && before.partition !== record.partition) {
      violations.push({
        rule: 'a key stays in its partition',
        what: `${event.key}: ${before.partition}, ${record.partition}`,
      });
    }
    placed.set(event.key, { partition: record.partition, seq: event.memberSeq });
  }
  for (const event of events) {
    if (!arrived.has(event.id))
      violations.push({ rule: 'every event is published', what: `event ${event.id} of ${event.key}` });
  }
  return violations;
}

/** By offset within a partition; a member's events share one. */
function inOrder(records: readonly TopicRecord[]): TopicRecord[] {
  return [...records].sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}
