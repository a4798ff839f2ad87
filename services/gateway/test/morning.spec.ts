import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@regulars/testing';
import { STORES, samplePurchase } from '@regulars/tools';
import pg from 'pg';
import { type Journey, registerKnownGuest, startJourney } from './platform.js';

let journey: Journey;

beforeAll(async () => {
  journey = await startJourney();
});

afterAll(() => journey.stop());

/** Jobs that find nothing to do rest for up to a minute. */
const A_WHOLE_REST_MS = 120_000;

/** A till of one of the seeded stores, and what it posts: 128 yuan each. */
function counter(place: number) {
  const store = STORES[place];
  const till = journey.platform.tillKeys?.find(({ storeCode }) => storeCode === store?.code);
  if (!till || !store) throw new Error('the platform is not seeded');
  const receipt = (member?: object, receiptNumber: string = randomUUID().slice(0, 8)) => {
    const { member: named, ...rest } = samplePurchase(till, store, member ?? {}, receiptNumber);
    return { ...rest, ...(member && { member: named }) };
  };
  return { till, receipt };
}

function dateInShanghai(): string {
  return new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
}

interface Hold {
  readonly purchaseId: string;
  readonly receiptNumber: string;
  readonly state: string;
}

/** The programme in force, with limits from today on. */
async function limitPurchases(most: number): Promise<void> {
  const path = `/v1/programmes/${journey.platform.programmeId}`;
  const { versions } = (await journey.as('marketing').get(path).expect(200)).body as {
    versions: { state: string; terms: object }[];
  };
  const terms = versions.find(({ state }) => state === 'published')?.terms;
  const holdLimits = { memberPurchases: { most, withinMinutes: 60 } };
  const drafted = await journey.as('marketing').post(`${path}/versions`, { ...terms, holdLimits });
  expect([drafted.status, drafted.body]).toEqual([201, expect.objectContaining({ state: 'draft' })]);
  const { version } = drafted.body as { version: number };
  const publish = `${path}/versions/${version}:publish`;
  await journey.as('administrator').post(publish, { effectiveFrom: dateInShanghai() }).expect(201);
}

describe('The morning after', () => {
  it('[L15] a supervisor finds purchases that were too many, releases one, reverses another, and nobody decides twice', async () => {
    const { as } = journey;
    await limitPurchases(2);
    const { till, receipt } = counter(0);
    const guest = await registerKnownGuest(journey, till.storeId);
    const buy = async () => {
      // A store's business day begins at four; the limits begin with the date.
      const body = { ...receipt({ number: guest.number }), businessDate: dateInShanghai() };
      const answer = await eventually(async () => {
        const posted = await as(till).post('/v1/purchases', body);
        return posted.status < 500 && posted;
      });
      return { ...(answer.body as { outcome: string; purchaseId: string }), body };
    };
    const bought = [await buy(), await buy(), await buy(), await buy()];
    expect(bought.map(({ outcome }) => outcome)).toEqual(['credited', 'credited', 'held', 'held']);

    const list = async () => {
      const path = `/v1/holds?state=open&storeId=${till.storeId}`;
      return ((await as('complaint-supervisor').get(path).expect(200)).body as { holds: Hold[] }).holds;
    };
    const [, , third, fourth] = bought;
    expect(await list()).toEqual([
      expect.objectContaining({
        purchaseId: third?.purchaseId,
        receiptNumber: third?.body.receiptNumber,
        memberId: guest.memberId,
        causes: [expect.objectContaining({ reason: 'member-velocity', measured: 3, most: 2, withinMinutes: 60 })],
      }),
      expect.objectContaining({ purchaseId: fourth?.purchaseId }),
    ]);
    await as('agent').get('/v1/holds').expect(403);

    const decide = (purchaseId: string | undefined, decision: string, key: string) =>
      as('complaint-supervisor').post(`/v1/holds/${purchaseId}:${decision}`, { reason: '团购，店长确认' }, key);
    const [release, reverse] = [randomUUID(), randomUUID()];
    const released = await decide(third?.purchaseId, 'release', release).expect(201);
    expect(released.body).toMatchObject({ state: 'released', decisionReason: '团购，店长确认' });
    await decide(fourth?.purchaseId, 'reverse', reverse).expect(201);
    const again = await decide(third?.purchaseId, 'release', release).expect(200);
    expect(again.headers['idempotency-replayed']).toBe('true');
    const other = await decide(third?.purchaseId, 'reverse', randomUUID()).expect(409);
    expect(other.body).toMatchObject({ code: 'HOLD_DECIDED' });
    expect(await list()).toEqual([]);

    const points = `/v1/members/${guest.memberId}/points`;
    await eventually(async () => {
      const { balance } = (await as('agent').get(points).expect(200)).body as { balance: number };
      return balance === 3 * 128;
    }, A_WHOLE_REST_MS);
    const { entries } = (await as('agent').get(`${points}/entries`).expect(200)).body as { entries: object[] };
    expect(entries).toHaveLength(3);
  });

  it('[L17] a store manager finds what is missing and what contradicts itself, settles it, and has the report', async () => {
    const { as } = journey;
    const { till, receipt } = counter(1);
    const guest = await registerKnownGuest(journey, till.storeId);
    const post = (body: object) =>
      eventually(async () => {
        const posted = await as(till).post('/v1/purchases', body);
        return posted.status < 500 && posted;
      });
    const first = receipt({ number: guest.number }, 'X1-0001');
    for (const [body, status] of [
      [first, 201],
      [receipt({ number: guest.number }, 'X1-0002'), 201],
      [receipt(undefined, 'X1-0005'), 202],
      [{ ...first, partySize: 9 }, 409],
    ] as const) {
      expect((await post(body)).status).toBe(status);
    }

    const path = `/v1/stores/${till.storeId}/days/${first.businessDate}`;
    const sums = { tillId: till.tillId, posted: 3, postedMinor: 38_400, credited: 2, pending: 1, held: 0 };
    const points = { pointsTold: 256, pointsBooked: 256 };
    expect((await as('finance').get(path).expect(200)).body).toMatchObject({
      currency: 'CNY',
      tills: [
        {
          ...sums,
          ...points,
          openConflicts: 1,
          gaps: [{ first: 'X1-0003', last: 'X1-0004', missing: 2 }],
          missingNumbers: 2,
        },
      ],
    });
    await as('marketing').get(path).expect(403);
    const table = await as('finance').get(`${path}/csv`).expect(200);
    expect(table.text).toContain(`${till.tillId},3,38400,2,`);
    expect(table.text).toContain('X1-0003 to X1-0004');

    const open = `/v1/receipt-conflicts?open=true&storeId=${till.storeId}`;
    const found = (await as('finance').get(open).expect(200)).body as { conflicts: { conflictId: string }[] };
    expect(found.conflicts).toMatchObject([
      { receiptNumber: 'X1-0001', kind: 'purchase', body: { head: { partySize: 9 } } },
    ]);
    const settle = `/v1/receipt-conflicts/${found.conflicts[0]?.conflictId}:settle`;
    const note = { action: 'explained', note: '收银机改了人数' };
    expect((await as('finance').post(settle, note).expect(201)).body).toMatchObject(note);
    const twice = await as('finance')
      .post(settle, { ...note, action: 'adjusted' })
      .expect(409);
    expect(twice.body).toMatchObject({ code: 'CONFLICT_SETTLED' });
    expect((await as('finance').get(open).expect(200)).body).toEqual({ conflicts: [] });

    const report = await theMorningComes(till.storeId);
    expect(report).toMatchObject({ tills: [{ ...sums, ...points, openConflicts: 0, settledConflicts: 1 }] });
    await post(receipt(undefined, 'X1-0003'));
    expect((await as('finance').get(path).expect(200)).body).toMatchObject({
      tills: [{ posted: 4, postedSinceReport: 1, gaps: [{ first: 'X1-0004', last: 'X1-0004' }] }],
    });
  });
});

/** What was planned for tomorrow morning is due now; nobody waits for the night in a test. */
async function theMorningComes(storeId: string): Promise<object> {
  const database = new pg.Client({ connectionString: journey.platform.database.adminUrl });
  await database.connect();
  try {
    return await eventually(async () => {
      const past = `UPDATE loyalty.store_day SET due_at = now() - interval '1 second' WHERE store_id = $1`;
      await database.query(`${past} AND due_at > now()`, [storeId]);
      const made = await journey.as('finance').get(`/v1/day-reports?storeId=${storeId}`).expect(200);
      return (made.body as { reports: object[] }).reports[0] ?? false;
    }, A_WHOLE_REST_MS);
  } finally {
    await database.end();
  }
}
