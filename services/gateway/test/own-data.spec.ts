import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@regulars/testing';
import pg from 'pg';
import { type Journey, purchaseAt, registerKnownGuest, signIn, startJourney } from './platform.js';

let journey: Journey;
let database: pg.Pool;

beforeAll(async () => {
  journey = await startJourney();
  database = new pg.Pool({ connectionString: journey.platform.database.adminUrl, max: 1 });
});

afterAll(async () => {
  await database.end();
  await journey.stop();
});

interface PrivacyRequest {
  requestId: string;
  awaited: string[];
  doneAt?: string;
  answers: { service: string; records: number }[];
}

/** Every row of every table of every service, as text. */
async function dump(): Promise<string> {
  const tables = await database.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname IN ('members', 'loyalty', 'complaints', 'surveys', 'notifications', 'stores')
        AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
  );
  const texts: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await database.query<{ line: string }>(`SELECT t::text AS line FROM ${name} AS t`);
    texts.push(...rows.map(({ line }) => line));
  }
  return texts.join('\n');
}

describe('A guest signs in, reads what is known of her, and asks to be forgotten', () => {
  it('[M6][M12][L4] gets everything, is forgotten everywhere with a proof, and the books balance', async () => {
    const { as } = journey;
    const { till } = purchaseAt(journey, {});
    const guest = await registerKnownGuest(journey, till.storeId);
    const { body } = purchaseAt(journey, { number: guest.number });
    await as(till).post('/v1/purchases', body).expect(201);
    const words = '面条里有一根头发-only-here';
    const feedback = {
      storeId: till.storeId,
      memberId: guest.memberId,
      type: 'complaint',
      channel: 'phone',
      text: words,
    };
    await as('agent')
      .post('/v1/cases', { severity: 'normal', ...feedback })
      .expect(201);
    await as('agent').get(`/v1/members/${guest.memberId}?purpose=guest-contact`).expect(200);

    const herself = as({ key: await signIn(journey, guest.email) });

    const record = await herself.get('/v1/self-service/me/record').expect(200);
    expect(record.body).toMatchObject({ masked: false, person: { name: guest.name, mobile: guest.mobile } });
    const { accesses } = (await herself.get('/v1/self-service/me/accesses').expect(200)).body as {
      accesses: { purpose: string }[];
    };
    expect(accesses.map(({ purpose }) => purpose)).toEqual(
      expect.arrayContaining(['guest-contact', 'message:one-time-code', 'own-data']),
    );
    await herself.get(`/v1/members/${guest.memberId}`).expect(403);

    const mine = async (path: string) => (await herself.get(`/v1/self-service/me/${path}`).expect(200)).body as unknown;
    expect(await mine('points')).toMatchObject({ memberId: guest.memberId, balance: 128 });
    const { entries } = (await mine('points/entries')) as { entries: { entryId: string }[] };
    const explained = await mine(`points/entries/${entries[0]?.entryId}/explain`);
    expect(explained).toMatchObject({ entry: { points: 128 }, steps: expect.arrayContaining([expect.anything()]) });
    expect(await mine('cases')).toMatchObject({ cases: [{ text: words, state: 'received' }] });

    const everything = (await herself.get('/v1/self-service/me/data').expect(200)).body as {
      parts: { service: string; missing: boolean; records: { kind: string; text?: string }[] }[];
    };
    expect(everything.parts.filter(({ missing }) => missing)).toEqual([]);
    const kinds = new Set(everything.parts.flatMap(({ records }) => records.map(({ kind }) => kind)));
    for (const kind of ['member', 'access', 'account', 'entry', 'purchase', 'case', 'message']) {
      expect([kind, kinds.has(kind)]).toEqual([kind, true]);
    }
    expect(JSON.stringify(everything)).toContain(words);
    await as('administrator').get(`/v1/members/${guest.memberId}/data`).expect(200);
    const { accesses: since } = (await herself.get('/v1/self-service/me/accesses').expect(200)).body as {
      accesses: { purpose: string }[];
    };
    expect(since[0]?.purpose).toBe('data-request');
    const page = await herself.get('/v1/self-service/me/data/document').expect(200);
    expect(page.text).toContain(guest.name);

    const done = async (kind: string): Promise<PrivacyRequest> => {
      const ordered = await herself.post('/v1/self-service/me/privacy-requests', { kind }).expect(201);
      const { requestId } = ordered.body as PrivacyRequest;
      return eventually(async () => {
        const read = await as('administrator').get(`/v1/privacy-requests/${requestId}`).expect(200);
        const found = read.body as PrivacyRequest;
        return found.doneAt !== undefined && found;
      });
    };
    const services = ['complaints', 'loyalty', 'members', 'notifications', 'surveys'];
    expect((await done('export')).answers.map(({ service }) => service)).toEqual(services);
    expect((await done('erasure')).answers.map(({ service }) => service)).toEqual(services);

    await as('agent').get(`/v1/members?number=${guest.number}`).expect(404);
    const late = purchaseAt(journey, { number: guest.number });
    const refused = await as(till).post('/v1/purchases', late.body).expect(409);
    expect(refused.body).toMatchObject({ code: 'MEMBER_GONE' });
    const books = await database.query(
      `SELECT (SELECT coalesce(sum(points), 0) FROM loyalty.entry WHERE member_id = $1)::int AS entries,
         (SELECT coalesce(sum(balance), 0) FROM loyalty.account WHERE member_id = $1)::int AS balances,
         (SELECT coalesce(sum(remaining), 0) FROM loyalty.lot WHERE member_id = $1)::int AS lots,
         (SELECT coalesce(sum(debt), 0) FROM loyalty.account WHERE member_id = $1)::int AS debts`,
      [guest.memberId],
    );
    expect(books.rows).toEqual([{ entries: 0, balances: 0, lots: 0, debts: 0 }]);

    const tables = await dump();
    expect(tables).toContain(guest.memberId);
    const clear = [guest.name, guest.mobile, guest.mobile.slice(3), guest.email, words];
    const hex = clear.map((value) => Buffer.from(value).toString('hex'));
    expect([...clear, ...hex].filter((value) => tables.includes(value))).toEqual([]);
  });
});
