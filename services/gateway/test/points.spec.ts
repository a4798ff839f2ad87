import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Read, ReadManyRequest, ReadResult } from '@regulars/contracts/loyalty/v1/points';
import { PrincipalVerifier, type Refusal, refusal } from '@regulars/service';
import { principalKeys } from '@regulars/testing';
import request from 'supertest';
import { type Edge, problemIn, startEdge } from './edge.js';

let edge: Edge;
let token: string;

beforeAll(async () => {
  edge = await startEdge();
  token = await edge.issuer.token({ sub: 'an-agent', roles: ['agent'] });
});

afterAll(() => edge.stop());

const [memberId, programmeId, entryId] = [randomUUID(), randomUUID(), randomUUID()];

function get(path: string) {
  return request(edge.app.getHttpServer()).get(path).set('authorization', `Bearer ${token}`);
}

/** Answers every read that comes and keeps the loads. */
function answering(result: (read: Read) => ReadResult['outcome']): Read[][] {
  const loads: Read[][] = [];
  edge.owners.answer('readMany', async ({ reads }: ReadManyRequest) => {
    loads.push(reads);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { results: reads.map((read) => ({ outcome: result(read) })) };
  });
  return loads;
}

const failing = (why: Refusal): ReadResult['outcome'] => ({ $case: 'failure', value: why.toFailure() });

const held = (balance: number): ReadResult['outcome'] => ({
  $case: 'balance',
  value: {
    memberId,
    programmeId,
    balance,
    tier: { tier: 'gold', nextTier: '', missingMinor: 0, spentMinor: 100_000 },
    expiringPoints: 0,
    expiringAt: undefined,
  },
});

describe('Reading what members have', () => {
  it('[L5] lets reads that wait travel together, each answered with its own', async () => {
    const loads = answering(({ what }) => held(what?.$case === 'balance' ? what.value.memberId.charCodeAt(0) : 0));
    const members = Array.from({ length: 30 }, () => randomUUID());
    const answers = await Promise.all(members.map((member) => get(`/v1/members/${member}/points`)));
    expect(answers.map(({ body }) => (body as { balance: number }).balance)).toEqual(
      members.map((member) => member.charCodeAt(0)),
    );
    expect(loads.flat()).toHaveLength(30);
    expect(loads.length).toBeLessThan(30);
  });

  it('[O4] sends each read on behalf of who asked, with the moment at which nobody waits any more', async () => {
    const loads = answering(() => held(1));
    await get(`/v1/members/${memberId}/points`).expect(200);
    const { context, what } = loads[0]?.[0] as Read;
    expect(what).toEqual({ $case: 'balance', value: { memberId, programmeId: '' } });
    expect(context?.deadline?.getTime()).toBeGreaterThan(Date.now());
    const principal = await new PrincipalVerifier(principalKeys).verify(context?.principal ?? '');
    expect(principal).toMatchObject({ sub: 'an-agent', kind: 'person' });
  });

  it('[L4] refuses one read and answers those that travel with it', async () => {
    answering(({ what }) => (what?.$case === 'explanation' ? failing(refusal('NOT_FOUND', 'ENTRY_UNKNOWN')) : held(7)));
    const [explained, balance] = await Promise.all([
      get(`/v1/points/entries/${entryId}/explain`),
      get(`/v1/members/${memberId}/points`),
    ]);
    expect(problemIn(explained)).toMatchObject({ status: 404, code: 'ENTRY_UNKNOWN' });
    expect(balance.body).toMatchObject({ balance: 7, tier: { tier: 'gold' } });
  });

  it('tells a defect of loyalty as ours, an outage as one that passes, without detail', async () => {
    answering(({ what }) =>
      what?.$case === 'balance'
        ? { $case: 'failure', value: { status: 13, problem: undefined } }
        : failing(refusal('UNAVAILABLE', 'DEPENDENCY_UNAVAILABLE', { retryAfterS: 2 })),
    );
    expect(problemIn(await get(`/v1/members/${memberId}/points`))).toMatchObject({ status: 500, code: 'INTERNAL' });
    const statement = await get(`/v1/members/${memberId}/points/statement?month=2026-05`);
    expect(problemIn(statement)).toMatchObject({ status: 503, code: 'DEPENDENCY_UNAVAILABLE' });
    expect(statement.headers['retry-after']).toBe('2');
  });

  it('tells that loyalty could not be asked at all', async () => {
    edge.owners.answer('readMany', () => {
      throw refusal('UNAVAILABLE', 'DEPENDENCY_UNAVAILABLE');
    });
    expect(problemIn(await get(`/v1/members/${memberId}/points`))).toMatchObject({ status: 503, retryable: true });
  });
});
