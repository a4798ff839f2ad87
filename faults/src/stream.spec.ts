import { describe, expect, it } from '@jest/globals';
import type { StoredEvent } from './stored.js';
import { brokenStream } from './stream.js';
import type { TopicRecord } from './topic.js';

const events: StoredEvent[] = [1, 2, 3, 4].map((seq) => ({
  id: `e${seq}`,
  key: 'm1',
  type: 'PointsEarned',
  memberSeq: seq,
}));

function topic(ids: readonly string[], change: Partial<TopicRecord> = {}): TopicRecord[] {
  return ids.map((eventId, offset) => ({ partition: 0, offset, key: 'm1', eventId, text: '', ...change }));
}

function rules(records: readonly TopicRecord[]): string[] {
  return [...new Set(brokenStream(events, records).map(({ rule }) => rule))];
}

const ORDER = "a topic has a member's events in the order of member_seq";

describe('A topic, held against the outbox that it comes from', () => {
  it('[O2] may repeat a run of events from where a relay died', () => {
    expect(rules(topic(['e1', 'e2', 'e3', 'e2', 'e3', 'e4']))).toEqual([]);
  });

  it('[O2] must not leave an event out', () => {
    expect(rules(topic(['e1', 'e2', 'e3']))).toEqual(['every event is published']);
    expect(rules(topic(['e1', 'e3', 'e4']))).toEqual([ORDER, 'every event is published']);
  });

  it('[O2] must not turn the order of a member round', () => {
    expect(rules(topic(['e1', 'e3', 'e2', 'e4']))).toEqual([ORDER]);
  });

  it('[O2] goes by offsets, not by the order in which records were read', () => {
    expect(rules(topic(['e1', 'e2', 'e3', 'e4']).reverse())).toEqual([]);
  });

  it('[O2] must not tell what was never written', () => {
    expect(rules(topic(['e1', 'e2', 'e3', 'e4', 'e5']))).toEqual(['nothing is published that was not written']);
  });

  it('[O2] must keep an event under its own key and a key in its partition', () => {
    expect(rules(topic(['e1', 'e2', 'e3', 'e4'], { key: 'm2' }))).toEqual(['an event lies under its key']);
    const [first, ...rest] = topic(['e1', 'e2', 'e3', 'e4']);
    expect(rules([first as TopicRecord, ...rest.map((each) => ({ ...each, partition: 1 }))])).toContain(
      'a key stays in its partition',
    );
  });
});
