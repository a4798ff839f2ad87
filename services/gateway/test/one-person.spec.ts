import { randomInt } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, type Place, placesThatTell, publish, readTopic, topicsWith } from '@regulars/testing';
import { registration } from '@regulars/tools';
import pg from 'pg';
import request from 'supertest';
import { type Journey, purchaseAt, startJourney } from './platform.js';

const anyMobile = () => `+86137${String(randomInt(100_000_000)).padStart(8, '0')}`;
const services = ['gateway', 'stores', 'members', 'loyalty', 'complaints', 'surveys', 'notifications'] as const;

/** She, as only she and the journey know her. */
const she = {
  name: '上官若棠',
  mobile: anyMobile(),
  email: `ruotang-${randomInt(1_000_000_000)}@guests.example`,
  birthday: { year: 1988, month: 7, day: 23 },
  words: '服务员请打我电话，我姓上官，住在枫林路',
};
const personal = [she.name, she.mobile, she.mobile.slice(3), she.email, '1988-07-23', '枫林路'];

interface Told {
  memberId: string;
  number: string;
  mobileVerificationNeeded: boolean;
}

let journey: Journey;
let database: pg.Pool;

beforeAll(async () => {
  journey = await startJourney({ isEverythingTraced: true });
  database = new pg.Pool({ connectionString: journey.platform.database.adminUrl, max: 1 });
});

afterAll(async () => {
  await database.end();
  await journey.stop();
});

/** Every row of every table, every record of every topic, every line of every log and every span. */
async function everywhere(): Promise<Place[]> {
  const { rows: tables } = await database.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p')
       AND NOT c.relispartition ORDER BY 1`,
  );
  const places: Place[] = [];
  for (const { name } of tables) {
    const { rows } = await database.query<{ line: string }>(`SELECT t::text AS line FROM ${name} AS t`);
    places.push({ name: `table ${name}`, texts: rows.map(({ line }) => line) });
  }
  for (const topic of await topicsWith(journey.platform.topicPrefix)) {
    const records = await readTopic(topic);
    places.push({ name: `topic ${topic}`, texts: records.map((record) => JSON.stringify(record)) });
  }
  for (const service of services) {
    const log = await readFile(journey.platform.service(service).logFile, 'utf8');
    places.push({ name: `log of ${service}`, texts: log.split('\n') });
  }
  return [...places, { name: 'traces', texts: journey.spans.bodies() }];
}

/** The last code that was sent to an address. */
async function codeSentTo(address: string): Promise<string> {
  return eventually(async () => {
    const found = await fetch(`${journey.platform.sink.url}/messages.json?to=${encodeURIComponent(address)}`);
    const messages = (await found.json()) as { text: string }[];
    const codes = messages.flatMap(({ text }) => /\b\d{6}\b/.exec(text)?.[0] ?? []);
    return codes[0] ?? false;
  });
}

async function registered(person: object, channel: string, homeStoreId?: string): Promise<Told> {
  const body = { ...registration({ ...she, language: 'zh-CN' }, homeStoreId), person, channel };
  return (await journey.as('administrator').post('/v1/members', body).expect(201)).body as Told;
}

async function bought(member: object): Promise<string> {
  const { till, body } = purchaseAt(journey, member);
  const answer = await eventually(() => journey.as(till).post('/v1/purchases', body).expect(201));
  return (answer.body as { memberId: string }).memberId;
}

/** Accounts whose balance is not what their entries and lots come to. */
async function unbalanced(): Promise<object[]> {
  const { rows } = await database.query<object>(
    `SELECT a.member_id FROM loyalty.account a WHERE
       a.balance <> (SELECT coalesce(sum(points), 0) FROM loyalty.entry e
         WHERE e.member_id = a.member_id AND e.programme_id = a.programme_id)
       OR a.balance + a.debt <> (SELECT coalesce(sum(remaining), 0) FROM loyalty.lot l
         WHERE l.member_id = a.member_id AND l.programme_id = a.programme_id)`,
  );
  return rows;
}

describe('One person with an old number and an older card', () => {
  const smsAddress = `${she.mobile.slice(1)}@sms.example`;
  let member: Told;
  let card: Told;

  it('[M1][M2][M3][M5] registers in WeChat with a recycled number, verifies it, buys, and is merged with her card', async () => {
    const { as } = journey;
    const { till } = purchaseAt(journey, {});
    const former = await registered({ name: '令狐寻', mobile: she.mobile }, 'app');
    await database.query(`UPDATE members.member SET seen_at = now() - interval '2 years' WHERE member_id = $1`, [
      former.memberId,
    ]);
    const { name, mobile, email, birthday } = she;
    member = await registered({ name, mobile, birthday }, 'wechat');
    expect(member.mobileVerificationNeeded).toBe(true);
    const verifications = `/v1/members/${member.memberId}/verifications`;
    const { challengeId } = (await as('agent').post(verifications, { kind: 'mobile' }).expect(201)).body as {
      challengeId: string;
    };
    const code = await codeSentTo(smsAddress);
    const verified = await as('agent').post(`${verifications}/${challengeId}`, { code }).expect(200);
    expect(verified.body).toMatchObject({ kind: 'mobile', takenOver: true });
    expect(await bought({ mobile })).toBe(member.memberId);

    card = await registered({ name, email, birthday }, 'store-desk', till.storeId);
    await eventually(() => journey.isKnownToLoyalty(card.memberId));
    expect(await bought({ number: card.number })).toBe(card.memberId);
    const feedback = { storeId: till.storeId, memberId: card.memberId, type: 'complaint', channel: 'phone' };
    await as('agent')
      .post('/v1/cases', { ...feedback, severity: 'normal', text: she.words })
      .expect(201);
    await eventually(async () => {
      const { duplicates } = (await as('agent').get('/v1/members/duplicates').expect(200)).body as {
        duplicates: { first: Told; second: Told; reasons: string[] }[];
      };
      const pair = duplicates.find(({ second }) => second.memberId === card.memberId);
      expect(pair).toMatchObject({ first: { memberId: member.memberId }, reasons: ['name-and-birthday'] });
    });

    for (const { memberId } of [member, card]) {
      await as('agent').get(`/v1/members/${memberId}?purpose=guest-contact`).expect(200);
    }
    const pair = { survivorId: member.memberId, mergedId: card.memberId };
    const ordered = await as('agent').post('/v1/merges', pair).expect(201);
    const [one, two] = await Promise.all([bought({ number: card.number }), bought({ mobile })]);
    expect([member.memberId, card.memberId]).toContain(one);
    expect(two).toBe(member.memberId);
    const { mergeId } = ordered.body as { mergeId: string };
    await eventually(async () => {
      const merge = await as('auditor').get(`/v1/merges/${mergeId}`).expect(200);
      expect(merge.body).toMatchObject({ state: 'booked', orderedBy: 'agent' });
    });
    expect(await bought({ number: card.number })).toBe(member.memberId);
    const found = await as('agent').get(`/v1/members?number=${card.number}`).expect(200);
    expect(found.body).toMatchObject({ memberId: member.memberId, mergedIds: [card.memberId] });
    const points = await as('agent').get(`/v1/members/${member.memberId}/points`).expect(200);
    expect(points.body).toMatchObject({ balance: 5 * 128 });
    const again = await as('agent').post('/v1/merges', { survivorId: card.memberId, mergedId: member.memberId });
    expect(again.body).toMatchObject({ status: 409, code: 'MERGE_CYCLE' });
    expect(await unbalanced()).toEqual([]);
  });

  it('[M6][M12][L4] reads who looked at her data, gets all of it, is forgotten, and the books still balance', async () => {
    const { as, platform } = journey;
    const signIn = (path: string, sent: object) =>
      request(platform.gateway.url).post(`/v1/self-service/${path}`).set('idempotency-key', path).send(sent);
    const asked = await signIn('codes', { email: she.email }).expect(202);
    const { challengeId } = asked.body as { challengeId: string };
    const signedIn = await signIn('sessions', { challengeId, code: await codeSentTo(she.email) }).expect(201);
    const herself = as({ key: (signedIn.body as { token: string }).token });
    const record = await herself.get('/v1/self-service/me/record').expect(200);
    expect(record.body).toMatchObject({ memberId: member.memberId, masked: false, person: { mobile: she.mobile } });
    const { accesses } = (await herself.get('/v1/self-service/me/accesses').expect(200)).body as {
      accesses: { principal: string; purpose: string }[];
    };
    expect(accesses).toEqual(
      expect.arrayContaining([expect.objectContaining({ principal: 'agent', purpose: 'guest-contact' })]),
    );

    const everything = await herself.get('/v1/self-service/me/data').expect(200);
    const text = JSON.stringify(everything.body);
    for (const known of [she.name, she.mobile, she.email, card.number, 'guest-contact']) expect(text).toContain(known);
    const done = async (kind: string) => {
      const ordered = await herself.post('/v1/self-service/me/privacy-requests', { kind }).expect(201);
      const { requestId } = ordered.body as { requestId: string };
      await eventually(async () => {
        const read = await as('administrator').get(`/v1/privacy-requests/${requestId}`).expect(200);
        expect((read.body as { awaited: string[] }).awaited).toEqual([]);
      });
    };
    await done('export');
    expect(placesThatTell(await everywhere(), personal)).toEqual([]);
    await done('erasure');
    await eventually(async () => {
      const { rows } = await database.query('SELECT FROM loyalty.erased_member WHERE member_id = ANY ($1)', [
        [member.memberId, card.memberId],
      ]);
      expect(rows).toHaveLength(2);
    });
    for (const { number } of [member, card]) {
      const { till, body } = purchaseAt(journey, { number });
      expect((await as(till).post('/v1/purchases', body)).body).toMatchObject({ status: 409, code: 'MEMBER_GONE' });
    }
    expect(await unbalanced()).toEqual([]);
    const { rows: left } = await database.query<{ balance: number }>(
      'SELECT balance::int, debt::int FROM loyalty.account WHERE member_id = ANY ($1)',
      [[member.memberId, card.memberId]],
    );
    expect(left).toEqual([
      { balance: 0, debt: 0 },
      { balance: 0, debt: 0 },
    ]);
  });

  it('[M6][O2] has left nothing of herself in clear: in no table, topic, log or trace', async () => {
    const places = await everywhere();
    const names = places.map(({ name }) => name);
    for (const kind of ['table members.member', 'table loyalty.entry', 'log of members', 'traces']) {
      expect(names).toContain(kind);
    }
    const knows = places.filter(({ texts }) => texts.some((text) => text.includes(member.memberId)));
    expect(knows.map(({ name }) => name.split(' ')[0])).toEqual(expect.arrayContaining(['table', 'topic']));
    expect(journey.spans.bodies().length).toBeGreaterThan(10);
    expect(placesThatTell(places, personal)).toEqual([]);
  });

  it('[M6] would have been found: a value that is planted in each kind of place is seen there', async () => {
    const { platform, spans } = journey;
    await database.query('CREATE TABLE loyalty.planted (note bytea)');
    await database.query('INSERT INTO loyalty.planted VALUES ($1)', [Buffer.from(she.email)]);
    await publish(`${platform.topicPrefix}planted`, [{ type: 'planted', key: 'one', payload: { name: she.name } }]);
    await appendFile(platform.service('members').logFile, `\n{"msg":"sent to ${she.mobile}"}`);
    const attributes = [{ key: 'service.name', value: { stringValue: 'planted' } }];
    const span = { name: `GET /v1/members?mobile=${she.mobile}`, traceId: '1', spanId: '2' };
    const body = JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span] }] }] });
    await fetch(spans.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const told = placesThatTell(await everywhere(), personal).map((place) => place.replace(/, \d+: .*/, ''));
    expect(told).toEqual(['table loyalty.planted', `topic ${platform.topicPrefix}planted`, 'log of members', 'traces']);
  });
});
