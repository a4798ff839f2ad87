import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { refusal } from '@regulars/service';
import { eventually, publish, type RunningService, startService } from '@regulars/testing';
import { registration } from '@regulars/tools';
import request from 'supertest';
import { type Edge, startEdge } from './edge.js';

interface Import {
  importId: string;
  state: string;
  encoding?: string;
  rows: number;
  registered: number;
  repeated: number;
  rejected: number;
}

// The gateway with members behind it as a process of its own; the other owners stand aside.
const env = {
  KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  BLIND_INDEX_KEY: randomBytes(32).toString('base64'),
};
let members: RunningService;
let edge: Edge;
let url: string;

beforeAll(async () => {
  members = await startService('members', env);
  edge = await startEdge({ MEMBERS_ADDR: members.grpcAddress });
  url = `http://127.0.0.1:${(edge.app.getHttpServer().address() as AddressInfo).port}`;
});

afterAll(async () => {
  await edge.stop();
  await members.stop();
});

const anyMobile = () => `137${String(randomInt(100_000_000)).padStart(8, '0')}`;

async function headersOf(role: string, type = 'application/json'): Promise<Record<string, string>> {
  const token = await edge.issuer.token({ sub: `a ${role}`, roles: [role], stores: '*' });
  return { authorization: `Bearer ${token}`, 'content-type': type, 'idempotency-key': randomUUID() };
}

async function begun(format: 'csv' | 'ndjson', source: string): Promise<string> {
  const terms = { benefitsVersion: '2026-05', privacyVersion: '2026-06', acceptedAt: '2026-05-01T00:00:00Z' };
  const headers = await headersOf('administrator');
  const answer = await request(url)
    .post('/v1/imports')
    .set(headers)
    .send({ format, source, ...terms })
    .expect(201);
  return (answer.body as Import).importId;
}

async function handOver(importId: string, type: string, file: Buffer): Promise<void> {
  const headers = await headersOf('administrator', type);
  await request(url).put(`/v1/imports/${importId}/file`).set(headers).send(file).expect(202);
}

async function read(importId: string, part = ''): Promise<request.Response> {
  return request(url)
    .get(`/v1/imports/${importId}${part}`)
    .set(await headersOf('crm-analyst'))
    .expect(200);
}

async function ended(importId: string): Promise<Import> {
  return eventually(async () => {
    const found = (await read(importId)).body as Import;
    return ['done', 'failed'].includes(found.state) && found;
  });
}

/** Sends the beginning of a file and hangs up. */
async function cutOff(importId: string, type: string, beginning: Buffer): Promise<void> {
  const headers = { ...(await headersOf('administrator', type)), 'content-length': String(beginning.length * 2) };
  const sending = httpRequest(`${url}/v1/imports/${importId}/file`, { method: 'PUT', headers });
  const over = new Promise<void>((resolve) => sending.on('error', () => undefined).on('close', () => resolve()));
  await new Promise<void>((resolve) => sending.write(beginning, () => resolve()));
  sending.destroy();
  await over;
}

describe('The visits of a member', () => {
  it('[M6][M7] are withheld from staff while the processing of her data is restricted, also in her profile', async () => {
    const person = { name: '周晓雨', mobile: `+86${anyMobile()}` };
    const registered = await request(url)
      .post('/v1/members')
      .set(await headersOf('administrator'))
      .send(registration({ ...person, email: `guest-${randomUUID()}@guests.example`, language: 'zh-CN' }, undefined))
      .expect(201);
    const { memberId } = registered.body as { memberId: string };
    const get = async (path: string) =>
      request(url)
        .get(`/v1/members/${memberId}${path}`)
        .set(await headersOf('agent'));
    expect((await get('/visits')).status).toBe(200);
    const payload = { requestId: randomUUID(), memberId, restricted: true, orderedAt: new Date().toISOString() };
    await publish(`${members.topicPrefix}regulars.members.restriction.v1`, [
      { type: 'regulars.members.v1.MemberRestrictionOrdered', key: memberId, payload },
    ]);
    await eventually(async () => {
      const answer = await get('/visits');
      expect([answer.status, (answer.body as { code?: string }).code]).toEqual([409, 'MEMBER_RESTRICTED']);
    });
    for (const method of ['readMany', 'getTier', 'listCoupons', 'listCases', 'listFollowUps', 'listMessages']) {
      edge.owners.answer(method, () => {
        throw refusal('UNAVAILABLE', 'DEPENDENCY_UNAVAILABLE');
      });
    }
    const profile = await get('/profile');
    expect(profile.status).toBe(200);
    const { parts } = profile.body as { parts: Record<string, { state: string }> };
    expect([parts.member?.state, parts.visits?.state]).toEqual(['ok', 'withheld']);
  });
});

describe('A file with members', () => {
  it('[M1] in GB18030 registers its rows, and reports every other one with its reason', async () => {
    const mobile = anyMobile();
    // 李娜, and 张 with a character of four bytes.
    const [liNa, zhang] = [Buffer.from('c0eec4c8', 'hex'), Buffer.from('d5c58139ee39', 'hex')];
    const file = Buffer.concat([
      ...[Buffer.from('externalId,name,mobile\r\n1,'), liNa],
      ...[Buffer.from(`,${mobile}\r\n2,`), zhang],
      ...[Buffer.from(`,${anyMobile()}\r\n3,`), liNa],
      ...[Buffer.from(`,${mobile}\r\n4,`), liNa],
      ...[Buffer.from(',123\r\n1,'), liNa],
      Buffer.from(`,${anyMobile()}\r\n`),
    ]);
    const importId = await begun('csv', 'old-till');
    await handOver(importId, 'text/csv', file);
    const counts = { rows: 5, registered: 2, repeated: 1, rejected: 2 };
    expect(await ended(importId)).toMatchObject({ state: 'done', encoding: 'gb18030', ...counts });
    const report = await read(importId, '/report');
    expect(report.headers['content-type']).toContain('text/csv');
    const lines = report.text.split('\r\n').map((line) => line.split(',').slice(0, 3).join(','));
    expect(lines).toEqual(['line,pointer,reason', '4,/mobile,MOBILE_TAKEN', '5,/mobile,MALFORMED', '']);
  });

  it('[M1] in NDJSON whose hand-over was cut off is handed over again, and goes on when whoever reads it dies', async () => {
    const type = 'application/x-ndjson';
    const rows = Array.from({ length: 4_000 }, (_, at) =>
      JSON.stringify({ externalId: `n${at}`, name: '诸葛孔明', mobile: `136${String(10_000_000 + at)}` }),
    );
    const file = Buffer.from(rows.join('\n'));
    const importId = await begun('ndjson', 'old-app');
    await cutOff(importId, type, file.subarray(0, file.length / 2));
    expect((await read(importId)).body).toMatchObject({ state: 'receiving', rows: 0 });
    await handOver(importId, type, file);
    await eventually(async () => ((await read(importId)).body as Import).registered > 0);
    const { databaseUrl: DATABASE_URL, topicPrefix: TOPIC_PREFIX, grpcAddress } = members;
    await members.kill();
    const again = await startService('members', {
      ...env,
      DATABASE_URL,
      TOPIC_PREFIX,
      GRPC_PORT: grpcAddress.split(':')[1] ?? '',
    });
    try {
      const found = await ended(importId);
      expect(found).toMatchObject({ state: 'done', encoding: 'utf-8', rows: 4_000, registered: 4_000, rejected: 0 });
    } finally {
      await again.stop();
    }
  });
});
