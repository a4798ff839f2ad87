import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { TestClock } from './clock.js';
import { type TestDatabase, testDatabase } from './database.js';
import { eventually } from './eventually.js';
import { publish } from './publish.js';
import { readTopic, type TestTopics, testTopics, topicEnd } from './topics.js';

describe('What tests are given', () => {
  describe('A database', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await testDatabase('loyalty');
    });
    afterAll(() => database.drop());

    const ask = async (url: string, sql: string) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        return (await client.query<Record<string, unknown>>(sql)).rows;
      } finally {
        await client.end();
      }
    };

    it('has an empty schema of the owner, which others cannot reach', async () => {
      await ask(database.url, 'create table entry (id integer)');
      expect(await ask(database.url, 'select current_schema')).toEqual([{ current_schema: 'loyalty' }]);
      await expect(ask(database.urls.members, 'select * from loyalty.entry')).rejects.toThrow('permission denied');
    });
  });

  describe('Topics', () => {
    let topics: TestTopics;
    beforeAll(() => {
      topics = testTopics();
    });
    afterAll(() => topics.drop());

    it('are read with headers, from the beginning or from where they ended', async () => {
      const topic = `${topics.prefix}regulars.members.member.v1`;
      const member = { type: 'regulars.members.v1.MemberRegistered', key: 'a', payload: { memberId: 'a' } };
      await publish(topic, [{ ...member, id: 'first' }]);
      const end = await topicEnd(topic);
      await publish(topic, [{ ...member, id: 'second', headers: { ce_memberseq: '2' } }]);
      expect((await readTopic(topic)).map(({ headers }) => headers.ce_id)).toEqual(['first', 'second']);
      const [second, ...more] = await readTopic(topic, { from: end });
      expect(more).toEqual([]);
      expect(second).toMatchObject({ key: 'a', value: '{"memberId":"a"}', headers: { ce_memberseq: '2' } });
    });
  });

  describe('Patience', () => {
    it('ends with what the check answers', async () => {
      let attempts = 0;
      expect(await eventually(() => (attempts += 1) === 3 && 'done')).toBe('done');
      expect(attempts).toBe(3);
    });

    it('ends with what the last attempt threw', async () => {
      const failure = new Error('not yet');
      await expect(eventually(() => Promise.reject(failure), 50)).rejects.toBe(failure);
    });
  });

  it('include a clock that moves only when told', () => {
    const clock = new TestClock('2026-03-01T08:00:00Z');
    clock.advance(90_000);
    expect(clock.now().toISOString()).toBe('2026-03-01T08:01:30.000Z');
    clock.set('2026-12-31T23:59:58Z');
    expect(clock.now().toISOString()).toBe('2026-12-31T23:59:58.000Z');
  });
});
