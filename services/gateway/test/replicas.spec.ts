import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Client, credentials, Metadata, type MethodDefinition, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostPurchasesRequest, PostPurchasesResponse } from '@regulars/contracts/loyalty/v1/purchases';
import { eventually } from '@regulars/testing';
import { OWNERS, type OwnerName } from '@regulars/tools';
import { type Journey, purchaseAt, startJourney } from './platform.js';

let journey: Journey;

beforeAll(async () => {
  journey = await startJourney({ replicas: { gateway: 2 } });
});

afterAll(() => journey.stop());

interface Told {
  readonly status: number;
  readonly tookMs: number;
  readonly body: { readonly code?: string };
}

async function send(url: string, bearer: string, path: string, body?: object): Promise<Told> {
  const from = performance.now();
  const response = await fetch(`${url}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: {
      authorization: `Bearer ${bearer}`,
      ...(body && { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const told = (await response.json()) as Told['body'];
  return { status: response.status, tookMs: performance.now() - from, body: told };
}

describe('The key of a till', () => {
  it('[O4] is refused by every gateway within 5 s after it was revoked, while the other of the till works on', async () => {
    const { gatewayUrls, stores } = journey.platform;
    const storeId = stores?.[0]?.storeId ?? '';
    const administrator = journey.as('administrator');
    const { tillId } = (await administrator.post('/v1/tills', { storeId, number: 'rotated' })).body as {
      tillId: string;
    };
    const issue = async () =>
      (await administrator.post(`/v1/tills/${tillId}/keys`, {})).body as { keyId: string; secret: string };
    const [old, following] = [await issue(), await issue()];
    const answers = (secret: string) =>
      Promise.all(gatewayUrls.map(async (url) => (await send(url, secret, '/v1/purchases', {})).status));
    await eventually(async () => expect(await answers(following.secret)).toEqual([400, 400]));
    await eventually(async () => expect(await answers(old.secret)).toEqual([400, 400]));

    await administrator.delete(`/v1/tills/${tillId}/keys/${old.keyId}`).expect(200);
    await eventually(async () => expect(await answers(old.secret)).toEqual([401, 401]));
    expect(await answers(following.secret)).toEqual([400, 400]);

    const used = await eventually(async () => {
      const listed = await journey.as('administrator').get(`/v1/stores/${storeId}/tills`);
      const { tills } = listed.body as { tills: { tillId: string; keys: { keyId: string; lastUsedAt?: string }[] }[] };
      const key = tills.find((till) => till.tillId === tillId)?.keys.find(({ keyId }) => keyId === following.keyId);
      return key?.lastUsedAt ?? false;
    });
    expect(Math.abs(Date.parse(used) - Date.now())).toBeLessThan(120_000);
  });

  it('[O4] lets people who work in a store post for it', async () => {
    const { till, body } = purchaseAt(journey, { number: '8600001234' });
    const posted = await send(journey.platform.gateway.url, journey.platform.tokens.cashier, '/v1/purchases', {
      ...body,
      storeId: till.storeId,
      tillId: till.tillId,
    });
    expect(posted.status).toBe(202);
  });
});

/** Calls whose items carry their own principals. */
const batched = ['PostPurchases', 'RefundPurchases', 'ReadMany'];

/** Every RPC of the generated contracts, as it is called on the wire. */
async function everyRpc(): Promise<string[]> {
  const dir = dirname(createRequire(import.meta.url).resolve('@regulars/contracts/call/v1/call'));
  const root = join(dir, '..', '..');
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.js'));
  const modules = await Promise.all(
    files.map((file) => import(pathToFileURL(join(root, file)).href) as Promise<Record<string, unknown>>),
  );
  return modules
    .flatMap((module) => Object.entries(module).filter(([name]) => name.endsWith('ServiceService')))
    .flatMap(([, definition]) => Object.values(definition as Record<string, MethodDefinition<never, never>>))
    .map(({ path }) => path);
}

/** The services that answer an RPC: its owner, or all for what is nobody's own. */
function ownersOf(path: string): readonly OwnerName[] {
  const owner = OWNERS.find((each) => each === path.split('.')[1]);
  return owner ? [owner] : OWNERS;
}

function callBare(
  path: string,
  request: Uint8Array,
  owner: OwnerName,
  metadata = new Metadata(),
): Promise<Buffer | number> {
  const client = new Client(`127.0.0.1:${journey.platform.ports[owner][0]?.grpc}`, credentials.createInsecure());
  const asIs = (bytes: Buffer) => bytes;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, asIs, asIs, Buffer.from(request), metadata, (error, response) => {
      client.close();
      resolve(error ? error.code : (response ?? Buffer.alloc(0)));
    });
  });
}

describe('Inside the cluster', () => {
  it('[O4] no RPC of any service answers a call without a principal that a known process signed', async () => {
    const forged = new Metadata();
    forged.set('principal', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.');
    const paths = (await everyRpc()).filter((path) => !batched.some((name) => path.endsWith(`/${name}`)));
    const calls = paths.flatMap((path) => ownersOf(path).map((owner) => ({ path, owner })));
    expect(new Set(calls.map(({ owner }) => owner)).size).toBe(OWNERS.length);
    for (const { path, owner } of calls) {
      for (const metadata of [undefined, forged]) {
        const code = await callBare(path, new Uint8Array(), owner, metadata);
        if (code !== status.UNIMPLEMENTED) expect([path, code]).toEqual([path, status.UNAUTHENTICATED]);
      }
    }
  });

  it('[O4] a purchase that travels without a signed principal is refused, alone', async () => {
    const request = PostPurchasesRequest.encode(
      PostPurchasesRequest.fromPartial({ items: [{ idempotencyKey: 'bare' }] }),
    ).finish();
    const answer = await callBare('/regulars.loyalty.v1.PurchaseService/PostPurchases', request, 'loyalty');
    if (typeof answer === 'number') throw new Error(`status ${answer}`);
    const [result] = PostPurchasesResponse.decode(answer).results;
    expect(result?.outcome?.$case).not.toBe('credited');
    expect(JSON.stringify(result)).toContain('refused');
  });
});

describe('A service that stands still', () => {
  it('[O4] never takes the others down: they answer as before, and its callers are told at once', async () => {
    const { platform } = journey;
    const administrator = platform.tokens.administrator;
    const { url } = platform.gateway;
    const memberPath = `/v1/members/${platform.members?.[0]?.memberId}`;
    const members = platform.service('members');
    const { till, body } = purchaseAt(journey, { number: platform.members?.[0]?.number });
    members.pause();
    try {
      const stuck = Array.from({ length: 200 }, () => send(url, administrator, memberPath));
      await sleep(200);
      for (let nth = 0; nth < 10; nth++) {
        const stores = await send(url, administrator, '/v1/stores');
        expect([stores.status, stores.tookMs < 2_500]).toEqual([200, true]);
      }
      const posted = await send(url, till.key, '/v1/purchases', body);
      expect([posted.status, posted.tookMs < 2_500]).toEqual([201, true]);
      const told = await Promise.all(stuck);
      expect(new Set(told.map((each) => each.status))).toEqual(new Set([429, 503]));
      expect(told.filter((each) => each.status === 429)).toHaveLength(200 - 128);
      expect(Math.max(...told.map((each) => each.tookMs))).toBeLessThan(10_000);
      const next = await Promise.all(Array.from({ length: 6 }, () => send(url, administrator, memberPath)));
      const triedIt = next.filter((each) => each.tookMs > 500);
      expect(triedIt.length).toBeLessThanOrEqual(1);
      const atOnce = next.filter((each) => !triedIt.includes(each));
      expect(new Set(atOnce.map(({ status, body }) => `${status} ${body.code}`))).toEqual(
        new Set(['503 DEPENDENCY_UNAVAILABLE']),
      );
    } finally {
      members.resume();
    }
    await eventually(async () => expect((await send(url, administrator, memberPath)).status).toBe(200));
  });
});
