import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Role, roles } from '@regulars/service';
import { eventually } from '@regulars/testing';
import { STORES, samplePurchase } from '@regulars/tools';
import { permissions } from '../src/access/permissions.js';
import { type ExpectedAccess, expectedAccess, type Place } from './expected-access.js';
import { type Journey, registerKnownGuest, signIn, startJourney } from './platform.js';

type Who = Role | 'till' | 'member';

/** One request of the matrix and what it should be answered. */
interface Asked {
  readonly route: string;
  readonly who: string;
  readonly bearer: string | undefined;
  readonly place?: Place;
  /** The member whom a member names in the path; otherwise nobody. */
  readonly memberId?: string;
  readonly expected: string;
}

const schemas = ['stores', 'members', 'loyalty', 'complaints', 'surveys', 'notifications'];
const inOnePlace: readonly Who[] = ['cashier', 'store-manager', 'till', 'member'];
const everyone: readonly Who[] = [...roles, 'till', 'member'];

let journey: Journey;
let own: Place;
let foreign: Place;
let memberToken: string;

beforeAll(async () => {
  journey = await startJourney();
  const [mine, others] = [await placeIn(0), await placeIn(1)];
  [own, foreign] = [mine.place, others.place];
  memberToken = await signIn(journey, mine.email);
});

/** A store of the seed, and a member who bought there, complained, and asked for her data. */
async function placeIn(index: number): Promise<{ place: Place; email: string }> {
  const { platform, as } = journey;
  const storeId = platform.stores?.[index]?.storeId ?? '';
  const till = platform.tillKeys?.find((each) => each.storeId === storeId);
  const store = STORES[index];
  if (!till || !store) throw new Error('the platform is not seeded');
  const { memberId, number, email } = await registerKnownGuest(journey, storeId);
  const bought = await as(till)
    .post('/v1/purchases', samplePurchase(till, store, { number }, `M-${index}`))
    .expect(201);
  const words = { storeId, memberId, type: 'complaint', channel: 'phone', text: 'Cold noodles' };
  const opened = await as('agent').post('/v1/cases', words).expect(201);
  const members = `/v1/members/${memberId}`;
  const asked = await as('administrator').post(`${members}/privacy-requests`, { kind: 'export' }).expect(201);
  const started = await as('agent').post(`${members}/verifications`, { kind: 'mobile' }).expect(201);
  const { entryId } = bought.body as { entryId: string };
  const { caseId } = opened.body as { caseId: string };
  const { requestId } = asked.body as { requestId: string };
  const { challengeId } = started.body as { challengeId: string };
  return { place: { storeId, tillId: till.tillId, memberId, entryId, caseId, requestId, challengeId }, email };
}

afterAll(() => journey.stop());

function bearerOf(who: Who): string {
  if (who === 'member') return memberToken;
  return (who === 'till' ? journey.platform.tillKeys?.[0]?.key : journey.platform.tokens[who]) ?? '';
}

/** The same token with another role in it, its signature as it was. */
function tampered(token: string): string {
  const [header, payload = '', signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const changed = Buffer.from(JSON.stringify({ ...claims, roles: ['administrator'] })).toString('base64url');
  return [header, changed, signature].join('.');
}

/** Asks without a body that means anything, so that nothing is written; only a foreign place comes with a whole one. */
async function ask(asked: Asked, tries = 1): Promise<string> {
  const { route, bearer, place, memberId = randomUUID() } = asked;
  const [method = 'GET', path = ''] = route.split(' ');
  const { naming } = expectedAccess[route] ?? {};
  const named = place && naming?.path?.(place);
  const url =
    named ??
    path
      .replace(':version:', '1:')
      .replace(':code:', 'CODE:')
      .replace(':memberId', memberId)
      .replace(/:\w+Id/g, () => randomUUID());
  const body = (place && naming?.body?.(place)) ?? {};
  const response = await fetch(`${journey.platform.gateway.url}${url}`, {
    method,
    headers: {
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...(method !== 'GET' && { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
    },
    ...(method !== 'GET' && { body: JSON.stringify(body) }),
  });
  const { code } = (await response.json().catch(() => ({}))) as { code?: string };
  // On a busy machine an owner may not answer in time, which is no answer to whoever asks for permissions.
  if (code === 'OUTCOME_UNKNOWN' && tries < 5) return ask(asked, tries + 1);
  return response.status < 400 ? String(response.status) : `${response.status} ${code}`;
}

/** Those of the requests that are answered otherwise than they should be. */
async function surprises(asked: readonly Asked[], isRight = (told: string, each: Asked) => told === each.expected) {
  const found: string[] = [];
  for (const each of asked) {
    const told = await ask(each);
    if (!isRight(told, each)) found.push(`${each.who} ${each.route}: ${told} instead of ${each.expected}`);
  }
  return found;
}

function rows(make: (route: string, access: ExpectedAccess) => readonly Asked[]): Asked[] {
  const asking = Object.entries(expectedAccess).filter(([, { may }]) => may !== 'everyone');
  return asking.flatMap(([route, access]) => make(route, access));
}

const mayUse = ({ may }: ExpectedAccess, who: Who) => may.split(' ').includes(who);

/** Every row of every owner, once nothing changes any more. */
async function countedRows(): Promise<Record<string, Record<string, number>>> {
  let before = '';
  return eventually(async () => {
    const counts = await Promise.all(schemas.map(async (schema) => [schema, await journey.rowsIn(schema)] as const));
    const now = JSON.stringify(counts);
    const isStill = now === before;
    before = now;
    if (!isStill) await new Promise((resolve) => setTimeout(resolve, 1_500));
    return isStill && Object.fromEntries(counts);
  });
}

describe('The routes', () => {
  it('[O4] all have an expected answer written by hand, and none more', () => {
    const served = Object.keys(permissions).filter((route) => route.includes(' /v1/'));
    expect(Object.keys(expectedAccess).sort()).toEqual(served.sort());
  });

  it('[O4] refuse every caller and place that is not allowed, and write nothing', async () => {
    const before = await countedRows();
    const withoutRole = rows((route, access) =>
      everyone
        .filter((who) => !mayUse(access, who))
        .flatMap((who) => {
          const asked = { route, who, bearer: bearerOf(who), expected: '403 NOT_ALLOWED' };
          if (who !== 'member' || !route.includes(':memberId')) return [asked];
          return [own, foreign].map(({ memberId }) => ({ ...asked, memberId }));
        }),
    );
    const elsewhere = rows((route, access) =>
      inOnePlace
        .filter((who) => access.foreign && mayUse(access, who))
        .map((who) => ({
          route,
          who: `${who} of another place`,
          bearer: bearerOf(who),
          place: foreign,
          expected: access.foreign?.join(' ') ?? '',
        })),
    );
    const unknown = rows((route) => [
      { route, who: 'nobody', bearer: undefined, expected: '401 NOT_AUTHENTICATED' },
      { route, who: 'a tampered token', bearer: tampered(bearerOf('cashier')), expected: '401 NOT_AUTHENTICATED' },
      { route, who: 'a tampered session', bearer: tampered(memberToken), expected: '401 NOT_AUTHENTICATED' },
      { route, who: 'a tampered key', bearer: `${bearerOf('till').slice(0, -4)}AAAA`, expected: '401 KEY_NOT_KNOWN' },
    ]);
    expect(withoutRole.length).toBeGreaterThan(100);
    expect(elsewhere.length).toBeGreaterThan(12);
    expect(await surprises([...withoutRole, ...elsewhere, ...unknown])).toEqual([]);
    expect(await countedRows()).toEqual(before);
  });

  it('[O4] let everyone in whom they are for, at the own store', async () => {
    const asked = rows((route, access) =>
      everyone
        .filter((who) => mayUse(access, who))
        .map((who) => ({
          route,
          who,
          bearer: bearerOf(who),
          ...(access.naming?.path && { place: own }),
          expected: access.naming?.path && route.startsWith('GET') ? '200' : 'neither 401, 403 nor 5xx',
        })),
    );
    const isRight = (told: string, { expected }: Asked) =>
      expected === '200' ? told === '200' : !/^(401|403|5)/.test(told);
    expect(await surprises(asked, isRight)).toEqual([]);
  });
});
