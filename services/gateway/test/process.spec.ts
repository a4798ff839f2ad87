import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PostPurchasesRequest } from '@regulars/contracts/loyalty/v1/purchases';
import { eventually, type RunningService, startService, type TestTopics, testTopics } from '@regulars/testing';
import request from 'supertest';
import { announceKeys, announceStore, keyOf, purchaseBody } from './edge.js';
import { creditAll, startOwners, type TestOwners } from './owners.js';

const till = { storeId: randomUUID(), tillId: randomUUID() };
const key = keyOf(till.tillId);
let owners: TestOwners;
let topics: TestTopics;
let gateway: RunningService;

beforeAll(async () => {
  owners = await startOwners();
  topics = testTopics();
  await announceStore(topics, till.storeId);
  await announceKeys(topics, till, [key], 1);
  gateway = await startService('gateway', {
    TOPIC_PREFIX: topics.prefix,
    OIDC_ISSUER: 'http://127.0.0.1:9',
    LOG_LEVEL: 'debug',
    ...Object.fromEntries(
      ['STORES', 'MEMBERS', 'LOYALTY', 'COMPLAINTS', 'SURVEYS', 'NOTIFICATIONS'].map((name) => [
        `${name}_ADDR`,
        owners.address,
      ]),
    ),
  });
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([owners.stop(), topics.drop()]);
});

function post(body: object, bearer = key) {
  return request(`http://${gateway.grpcAddress}`)
    .post('/v1/purchases')
    .set('authorization', `Bearer ${bearer}`)
    .set('idempotency-key', randomUUID())
    .send(body);
}

describe('The gateway as a process', () => {
  it('[O4] knows every till that was announced before it is ready', async () => {
    owners.answer('postPurchases', creditAll);
    expect((await post(purchaseBody())).status).toBe(201);
  });

  it('[O4] serves tills while the issuer of tokens is out, and tells people to come back', async () => {
    const answer = await post(purchaseBody(), 'abc.def.ghi');
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect((await post(purchaseBody())).status).toBe(201);
  });

  it('[O2] counts and times requests by route and status', async () => {
    const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
    expect(metrics).toMatch(/gateway_request_seconds_count\{method="POST",route="\/v1\/purchases",status="201"\} \d+/);
    expect(metrics).not.toContain(till.tillId);
  });

  it('[O2][M6] writes no mobile, no name and no key into its log', async () => {
    owners.answer('resolveMobiles', () => {
      throw new Error('broken');
    });
    await post(purchaseBody({ member: { mobile: '+8613900139000' } }));
    await request(`http://${gateway.grpcAddress}`)
      .get('/v1/members?mobile=%2B8613900139000')
      .set('authorization', `Bearer ${key}`);
    const log = gateway.logs().join('\n');
    expect(log).not.toContain('13900139000');
    expect(log).not.toContain(key);
    for (const line of gateway.logs()) expect(JSON.parse(line)).toMatchObject({ service: 'gateway' });
  });

  it('[O1] finishes what is under way when it is asked to stop, and takes nothing new', async () => {
    let finish = () => {};
    const arrived = new Promise<void>((resolve) => {
      owners.answer('postPurchases', async (load: PostPurchasesRequest) => {
        resolve();
        await new Promise<void>((done) => {
          finish = done;
        });
        return creditAll(load);
      });
    });
    const underWay = post(purchaseBody()).then(({ status }) => status);
    await arrived;
    const stopped = gateway.stop();
    await sleep(200);
    finish();
    expect(await underWay).toBe(201);
    await stopped;
    await eventually(() => expect(gateway.logs().join('\n')).toContain('"msg":"stopped"'));
    await expect(post(purchaseBody())).rejects.toThrow();
  });
});
