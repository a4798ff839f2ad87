import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ListChangesRequest } from '@regulars/contracts/call/v1/configuration';
import request from 'supertest';
import { type Edge, pointersIn, startEdge } from './edge.js';

let edge: Edge;
let auditor: string;

beforeAll(async () => {
  edge = await startEdge();
  auditor = await edge.issuer.token({ sub: 'an-auditor', roles: ['auditor'] });
});

afterAll(() => edge.stop());

const get = (path: string, token = auditor) =>
  request(edge.app.getHttpServer()).get(path).set('authorization', `Bearer ${token}`);

describe('Who changed the configuration', () => {
  it('[O4] is told to auditors page by page, from every service that has some', async () => {
    const asked: ListChangesRequest[] = [];
    // Both owners are the same server here: each change is told twice, once for either.
    edge.owners.answer('listChanges', (asks: ListChangesRequest) => {
      asked.push(asks);
      const entries = [3, 2, 1].filter((entry) => asks.beforeEntry === 0 || entry < asks.beforeEntry);
      return { changes: entries.slice(0, asks.limit).map(change) };
    });
    const seen: string[] = [];
    let cursor: string | undefined = '';
    do {
      const query = `limit=2&change=till-key-revoked&principal=wang${cursor ? `&cursor=${cursor}` : ''}`;
      const answer = await get(`/v1/configuration/changes?${query}`).expect(200);
      const page = answer.body as { changes: { owner: string; entry: number }[]; nextCursor?: string };
      seen.push(...page.changes.map(({ owner, entry }) => `${owner} ${entry}`));
      cursor = page.nextCursor;
    } while (cursor);
    expect(seen).toEqual(['loyalty 3', 'stores 3', 'loyalty 2', 'stores 2', 'loyalty 1', 'stores 1']);
    expect(asked[0]).toMatchObject({ change: 'till-key-revoked', principal: 'wang', limit: 3 });
  });

  it('[O4] is told with the hash that chains it, and whether all of it is whole', async () => {
    edge.owners.answer('listChanges', () => ({ changes: [change(1)] }));
    const listed = await get('/v1/configuration/changes?owner=stores').expect(200);
    expect((listed.body as { changes: object[] }).changes).toEqual([
      expect.objectContaining({ owner: 'stores', after: { number: '1' }, hash: 'ab'.repeat(32) }),
    ]);
    const head = { entries: 4, headEntry: 4, headHash: Buffer.alloc(32, 0xab) };
    edge.owners.answer('verifyChanges', () => ({ ...head, brokenEntry: 0 }));
    const whole = await get('/v1/configuration/seals').expect(200);
    expect((whole.body as { seals: object[] }).seals).toContainEqual({
      owner: 'loyalty',
      entries: 4,
      headEntry: 4,
      headHash: 'ab'.repeat(32),
      isWhole: true,
    });
    edge.owners.answer('verifyChanges', () => ({ ...head, brokenEntry: 2 }));
    const broken = await get('/v1/configuration/seals').expect(200);
    expect((broken.body as { seals: object[] }).seals[0]).toMatchObject({ isWhole: false, brokenEntry: 2 });
  });

  it('[O4] is told to nobody but auditors and administrators, and for no cursor that is made up', async () => {
    for (const role of ['agent', 'store-manager', 'finance', 'hr', 'marketing']) {
      const token = await edge.issuer.token({ sub: 'somebody', roles: [role] });
      await get('/v1/configuration/changes', token).expect(403);
      await get('/v1/configuration/seals', token).expect(403);
    }
    const refused = await get('/v1/configuration/changes?cursor=made-up').expect(400);
    expect(pointersIn(refused)).toEqual(['/query/cursor']);
  });
});

function change(entry: number) {
  return {
    entry,
    at: new Date(Date.UTC(2026, 10, 2, 12, 0, entry)),
    principal: 'wang',
    change: 'till-key-revoked',
    recordId: randomUUID(),
    afterJson: '{"number":"1"}',
    hash: Buffer.alloc(32, 0xab),
  };
}
