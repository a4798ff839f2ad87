import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@regulars/testing';
import { permissions } from '../src/access/permissions.js';
import { type Journey, registerKnownGuest, startJourney } from './platform.js';

interface Answered {
  readonly status: number;
  readonly dryRun: string | null;
  readonly etag: string | null;
  readonly body: Record<string, string>;
}

/** A write that configures: where, with what, and the line that the log has of it. */
interface Step {
  readonly route: string;
  readonly path: string;
  readonly body?: object;
  readonly ifMatch?: string;
  readonly change: string;
  /** The record that changed, as the answer or the step names it. */
  readonly record: (answer: Record<string, string>) => string | undefined;
}

/** Writes that configure nothing: they are of members, receipts, points, cases, or change nothing at all. */
const notConfiguration =
  /\/(members|merges|imports|openings|self-service|privacy-requests|purchases|refunds|redemptions|adjustments|cases|coupons|coupon-uses|holds|receipt-conflicts)|:(simulate|backtest)$/;

let journey: Journey;
const walked: { readonly route: string; readonly change: string; readonly recordId: string }[] = [];

beforeAll(async () => {
  journey = await startJourney();
});

afterAll(() => journey.stop());

async function send(
  method: string,
  path: string,
  { body, ifMatch, key = randomUUID() }: { body?: object | undefined; ifMatch?: string | undefined; key?: string },
): Promise<Answered> {
  const response = await fetch(`${journey.platform.gateway.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${journey.platform.tokens.administrator}`,
      'idempotency-key': key,
      ...(ifMatch !== undefined && { 'if-match': ifMatch }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const { status, headers } = response;
  const told = (await response.json()) as Record<string, string>;
  return { status, dryRun: headers.get('dry-run'), etag: headers.get('etag'), body: told };
}

/** Rows of both owners that have configuration, once what was announced before has arrived everywhere. */
async function settledRows(): Promise<string> {
  for (let before = ''; ; ) {
    const now = JSON.stringify([await journey.rowsIn('stores'), await journey.rowsIn('loyalty')]);
    if (now === before) return now;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 600));
  }
}

/** Tries it, which writes nothing, and then does it. */
async function walk({ route, path, change, record, ...sent }: Step): Promise<Record<string, string>> {
  const [method = ''] = route.split(' ');
  const key = randomUUID();
  // What was announced before may still arrive in between: then it is tried again, under another key.
  const tried = await eventually(async () => {
    const before = await settledRows();
    const answer = await send(method, `${path}?dryRun=true`, { ...sent, key: randomUUID() });
    expect([route, answer.status, answer.dryRun, await settledRows()]).toEqual([route, 200, 'true', before]);
    return answer;
  });
  const done = await send(method, path, { ...sent, key });
  expect([route, done.status < 300, done.dryRun]).toEqual([route, true, null]);
  expect([route, Object.keys(tried.body).sort()]).toEqual([route, Object.keys(done.body).sort()]);
  walked.push({ route, change, recordId: record(done.body) ?? '' });
  return done.body;
}

describe('A change of configuration', () => {
  it('[O4] can be tried without being made, and leaves one line in the log that auditors read', async () => {
    const names = { nameZh: '试点', nameEn: 'Trial' };
    const { brandId } = await walk({
      route: 'POST /v1/brands',
      path: '/v1/brands',
      body: { code: 'TRIAL', ...names },
      change: 'brand-created',
      record: (made) => made.brandId,
    });
    const day = { timeZone: 'Asia/Shanghai', dayCutoverMinutes: 0, language: 'zh-CN' };
    const { storeId } = await walk({
      route: 'POST /v1/stores',
      path: '/v1/stores',
      body: { brandId, code: 'TRIAL', currency: 'CNY', ...names, ...day },
      change: 'store-created',
      record: (made) => made.storeId,
    });
    await walk({
      route: 'PUT /v1/stores/:storeId',
      path: `/v1/stores/${storeId}`,
      body: { ...names, ...day, dayCutoverMinutes: 240 },
      ifMatch: '"1"',
      change: 'store-changed',
      record: () => storeId,
    });
    const { tillId } = await walk({
      route: 'POST /v1/tills',
      path: '/v1/tills',
      body: { storeId, number: '1' },
      change: 'till-created',
      record: (made) => made.tillId,
    });
    const keys = { route: 'POST /v1/tills/:tillId/keys', path: `/v1/tills/${tillId}/keys`, record: () => tillId };
    const { keyId } = await walk({ ...keys, body: {}, change: 'till-key-issued' });
    const publicKey = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
    await walk({ ...keys, body: { publicKey }, change: 'till-key-issued' });
    await walk({
      route: 'PUT /v1/tills/:tillId',
      path: `/v1/tills/${tillId}`,
      body: { number: '1', mustSign: true },
      ifMatch: '"3"',
      change: 'till-changed',
      record: () => tillId,
    });
    await walk({
      route: 'DELETE /v1/tills/:tillId/keys/:keyId',
      path: `/v1/tills/${tillId}/keys/${keyId}`,
      change: 'till-key-revoked',
      record: () => tillId,
    });
    const { programmeId } = await walk({
      route: 'POST /v1/programmes',
      path: '/v1/programmes',
      body: { code: 'TRIAL', ...names, currency: 'CNY', brandIds: [brandId] },
      change: 'programme-created',
      record: (made) => made.programmeId,
    });
    const seeded = await send('GET', `/v1/programmes/${journey.platform.programmeId}`, {});
    const [{ terms } = { terms: {} }] = seeded.body.versions as unknown as { terms: object }[];
    const versions = `/v1/programmes/${programmeId}/versions`;
    const ofProgramme = { record: () => programmeId };
    await walk({
      route: 'POST /v1/programmes/:programmeId/versions',
      path: versions,
      body: terms,
      change: 'version-drafted',
      ...ofProgramme,
    });
    await walk({
      route: 'POST /v1/programmes/:programmeId/versions/:version:publish',
      path: `${versions}/1:publish`,
      body: { effectiveFrom: '2025-01-01' },
      change: 'version-published',
      ...ofProgramme,
    });
    const offer = { programmeId, code: 'TEA', ...names, validFrom: '2025-01-01' };
    const { rewardId } = await walk({
      route: 'POST /v1/rewards',
      path: '/v1/rewards',
      body: { ...offer, kind: 'dish', points: 60, stock: 5 },
      change: 'reward-created',
      record: (made) => made.rewardId,
    });
    await walk({
      route: 'POST /v1/rewards/:rewardId/stock',
      path: `/v1/rewards/${rewardId}/stock`,
      body: { change: 3 },
      change: 'stock-changed',
      record: () => rewardId,
    });
    const { definitionId } = await walk({
      route: 'POST /v1/coupon-definitions',
      path: '/v1/coupon-definitions',
      body: { ...offer, kind: 'amount-off', valueMinor: 1_000, validUntil: '2099-12-31' },
      change: 'coupon-kind-defined',
      record: (made) => made.definitionId,
    });
    await walk({
      route: 'POST /v1/coupon-issues',
      path: '/v1/coupon-issues',
      body: { definitionId, tier: 'diamond' },
      change: 'coupon-issue-begun',
      record: (made) => made.issueId,
    });
    await walk({
      route: 'POST /v1/coupon-batches',
      path: '/v1/coupon-batches',
      body: { definitionId, count: 10 },
      change: 'coupon-batch-begun',
      record: (made) => made.batchId,
    });

    const answer = await journey.as('auditor').get('/v1/configuration/changes?limit=200').expect(200);
    const { changes, parts } = answer.body as {
      changes: { principal: string; change: string; recordId: string }[];
      parts: object;
    };
    expect(parts).toEqual({ stores: { state: 'ok' }, loyalty: { state: 'ok' } });
    const records = new Set(walked.map(({ recordId }) => recordId));
    const told = changes
      .filter(({ recordId }) => records.has(recordId))
      .map((each) => `${each.change} ${each.recordId}`);
    expect(told.sort()).toEqual(walked.map(({ change, recordId }) => `${change} ${recordId}`).sort());
    const { seals } = (await journey.as('auditor').get('/v1/configuration/seals').expect(200)).body as {
      seals: { isWhole: boolean }[];
    };
    expect(seals.map(({ isWhole }) => isWhole)).toEqual([true, true]);
  });

  it('[O4] is walked above for every route that configures', () => {
    const writes = Object.keys(permissions).filter((route) => !route.startsWith('GET '));
    const configuring = writes.filter((route) => !notConfiguration.test(route));
    expect([...new Set(walked.map(({ route }) => route))].sort()).toEqual(configuring.sort());
  });

  it('[O4] is refused without If-Match, and for who read an older version', async () => {
    const storeId = journey.platform.stores?.[0]?.storeId ?? '';
    const read = await send('GET', `/v1/stores/${storeId}`, {});
    const { nameZh, nameEn, timeZone, dayCutoverMinutes, language } = read.body;
    const body = { nameZh, nameEn, timeZone, dayCutoverMinutes, language };
    const put = (ifMatch?: string) => send('PUT', `/v1/stores/${storeId}`, { body, ifMatch });
    const told = async (asked: Promise<Answered>) => {
      const { status, body } = await asked;
      return `${status} ${body.code}`;
    };
    expect(await told(put())).toBe('428 IF_MATCH_NEEDED');
    expect(await told(put('"0"'))).toBe('412 VERSION_CHANGED');
    expect(await told(put('W/"1"'))).toBe('400 MALFORMED');
    const done = await put(read.etag ?? '');
    expect([done.status, done.etag]).toEqual([200, '"2"']);
    expect(await told(put(read.etag ?? ''))).toBe('412 VERSION_CHANGED');
  });
});

describe('A write that moves points', () => {
  it('[O4][L14] tells what it would do, and moves none', async () => {
    const { programmeId, stores } = journey.platform;
    const { memberId } = await registerKnownGuest(journey, stores?.[0]?.storeId ?? '');
    const body = { memberId, programmeId, points: 50, kind: 'goodwill', reason: '等位太久' };
    const before = await settledRows();
    const tried = await send('POST', '/v1/adjustments?dryRun=true', { body });
    expect([tried.status, tried.dryRun, tried.body.state]).toEqual([200, 'true', 'booked']);
    const much = await send('POST', '/v1/adjustments?dryRun=true', { body: { ...body, points: 900_000 } });
    expect([much.status, much.body.state]).toEqual([200, 'proposed']);
    const none = await send('POST', '/v1/adjustments?dryRun=true', { body: { ...body, points: -50 } });
    expect([none.status, none.body.code]).toEqual([409, 'NOT_ENOUGH_POINTS']);
    expect(await settledRows()).toBe(before);
  });

  it('[O6] is not done for who wants it tried where that cannot be, such as a purchase', async () => {
    const [till] = journey.platform.tillKeys ?? [];
    for (const [path, bearer] of [
      ['/v1/purchases', till?.key],
      ['/v1/refunds', till?.key],
      ['/v1/cases', journey.platform.tokens.administrator],
    ]) {
      const response = await fetch(`${journey.platform.gateway.url}${path}?dryRun=true`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${bearer}`,
          'idempotency-key': randomUUID(),
          'content-type': 'application/json',
        },
        body: '{}',
      });
      expect([path, response.status]).toEqual([path, 400]);
    }
  });
});
