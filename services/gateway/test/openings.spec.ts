import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@regulars/testing';
import { STORES, samplePurchase } from '@regulars/tools';
import { type Journey, registerKnownGuest, startJourney } from './platform.js';

let journey: Journey;

beforeAll(async () => {
  journey = await startJourney();
});

afterAll(() => journey.stop());

interface Opening {
  readonly openingId: string;
  readonly state: string;
  readonly balance?: string;
}

/** Begins an opening as somebody of finance and hands its file over. */
async function opened(rows: readonly object[], options: object = {}): Promise<Opening> {
  const { programmeId, tokens, gateway } = journey.platform;
  const body = { programmeId, source: 'old-club', ...options };
  const begun = (await journey.as('finance').post('/v1/openings', body).expect(201)).body as Opening;
  const response = await fetch(`${gateway.url}/v1/openings/${begun.openingId}/file`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${tokens.finance}`,
      'content-type': 'application/x-ndjson',
      'idempotency-key': randomUUID(),
    },
    body: rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  });
  expect(response.status).toBe(202);
  return rested(begun.openingId, 'done');
}

/** The opening once it has come to rest. */
function rested(openingId: string, state: string): Promise<Opening> {
  return eventually(async () => {
    const answer = await journey.as('auditor').get(`/v1/openings/${openingId}`).expect(200);
    const found = answer.body as Opening;
    return found.state === state && found.balance !== undefined && found;
  });
}

describe('Opening balances through the gateway', () => {
  it('[L16] are tried, taken over, explained, taken back before going live and refused to be afterwards', async () => {
    const { stores, tillKeys } = journey.platform;
    const storeId = stores?.[0]?.storeId ?? '';
    const { memberId, number } = await registerKnownGuest(journey, storeId);
    const rows = [
      { externalId: 'C-1', memberNumber: number, lots: [{ points: 1_200, expiresOn: '2099-03-31' }, { points: 300 }] },
    ];
    const expected = { rows: 1, points: 1_500 };
    const tried = await opened(rows, { dryRun: true, expected });
    expect(tried).toMatchObject({ dryRun: true, booked: expected, ledgerPoints: 0, balance: 'matches' });
    const wrong = await opened([{ externalId: 'C-2', lots: [{ points: 0 }] }], { dryRun: true });
    expect(wrong).toMatchObject({ balance: 'differs', rejected: { rows: 1 } });
    const told = await journey.as('finance').get(`/v1/openings/${wrong.openingId}/rejections`).expect(200);
    expect(told.body).toMatchObject({ rejections: [{ line: 1, pointer: '/lots/0/points', reason: 'MALFORMED' }] });

    const { openingId, ...first } = await opened(rows, { expected });
    expect(first).toMatchObject({ booked: expected, ledgerPoints: 1_500, balance: 'matches' });
    const points = `/v1/members/${memberId}/points`;
    const readPoints = async () => (await journey.as('agent').get(points).expect(200)).body as { balance: number };
    expect(await readPoints()).toMatchObject({ balance: 1_500 });
    const listed = await journey.as('agent').get(`${points}/entries`).expect(200);
    const { entries } = listed.body as { entries: { kind: string; points: number; entryId: string }[] };
    expect(entries.map(({ kind, points: moved }) => [kind, moved])).toEqual([
      ['opening', 300],
      ['opening', 1_200],
    ]);
    const why = await journey.as('agent').get(`/v1/points/entries/${entries[1]?.entryId}/explain`).expect(200);
    expect(why.body).toMatchObject({
      steps: [{ code: 'brought-in', text: { zhCN: expect.stringContaining('1200') } }],
    });

    await journey.as('finance').post(`/v1/openings/${openingId}:undo`, {}).expect(201);
    expect(await rested(openingId, 'undone')).toMatchObject({ ledgerPoints: 0, balance: 'matches' });
    expect(await readPoints()).toMatchObject({ balance: 0 });
    const again = await opened(rows, { expected });
    expect(again).toMatchObject({ booked: expected, balance: 'matches' });

    const till = tillKeys?.find((each) => each.storeId === storeId);
    const store = STORES.at(0);
    if (!till || !store) throw new Error('the platform is not seeded');
    await journey
      .as(till)
      .post('/v1/purchases', samplePurchase(till, store, { number }, 'L16-1'))
      .expect(201);
    const refused = await journey.as('finance').post(`/v1/openings/${again.openingId}:undo`, {}).expect(409);
    expect(refused.body).toMatchObject({ code: 'PROGRAMME_LIVE' });
    const all = await journey.as('finance').get(`/v1/openings?programmeId=${journey.platform.programmeId}`).expect(200);
    expect((all.body as { openings: Opening[] }).openings.map(({ state }) => state)).toEqual([
      'done',
      'undone',
      'done',
      'done',
    ]);
    const changes = await journey.as('auditor').get('/v1/configuration/changes?limit=200').expect(200);
    const lines = (changes.body as { changes: { change: string; recordId: string }[] }).changes;
    expect(
      lines
        .filter(({ recordId }) => recordId === openingId)
        .map(({ change }) => change)
        .sort(),
    ).toEqual(['opening-begun', 'opening-undone']);
  });

  it('[L16] find members who were imported from the same source by their external ids', async () => {
    const { tokens, gateway } = journey.platform;
    const administrator = { authorization: `Bearer ${tokens.administrator}` };
    const openedFirst = opened([{ externalId: 'IMP-1', lots: [{ points: 77 }] }]);
    const begun = await journey.as('administrator').post('/v1/imports', {
      format: 'csv',
      source: 'old-club',
      benefitsVersion: '2026-05',
      privacyVersion: '2026-05',
      acceptedAt: '2026-05-01T10:00:00+08:00',
    });
    const { importId } = begun.body as { importId: string };
    const handed = await fetch(`${gateway.url}/v1/imports/${importId}/file`, {
      method: 'PUT',
      headers: { ...administrator, 'content-type': 'text/csv', 'idempotency-key': randomUUID() },
      body: 'externalId,name,email\nIMP-1,周晓雨,imp-1@guests.example\n',
    });
    expect(handed.status).toBe(202);
    const { openingId } = await openedFirst;
    expect(
      await eventually(async () => {
        const answer = await journey.as('auditor').get(`/v1/openings/${openingId}`).expect(200);
        return (answer.body as Opening).balance === 'matches' && (answer.body as object);
      }, 150_000),
    ).toMatchObject({ booked: { rows: 1, points: 77 }, waiting: { rows: 0, points: 0 }, ledgerPoints: 77 });
  });
});
