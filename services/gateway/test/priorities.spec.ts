import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GetTierResponse } from '@regulars/contracts/loyalty/v1/tiers';
import { GetParticularsResponse, NeedKind } from '@regulars/contracts/members/v1/particulars';
import { refusal } from '@regulars/service';
import request from 'supertest';
import { type Edge, startEdge } from './edge.js';

let edge: Edge;
let token: string;

beforeAll(async () => {
  edge = await startEdge();
  token = await edge.issuer.token({ sub: 'an-agent', roles: ['agent'] });
});

afterAll(() => edge.stop());

const memberId = randomUUID();
const readPriority = (id = memberId) =>
  request(edge.app.getHttpServer()).get(`/v1/members/${id}/priority`).set('authorization', `Bearer ${token}`);

function ownersKnow(): void {
  edge.owners.answer('getTier', () =>
    GetTierResponse.fromJSON({ tier: { tier: { code: 'gold', benefits: { priority: 40 } }, memberId } }),
  );
  edge.owners.answer('getParticulars', () =>
    GetParticularsResponse.fromJSON({ particulars: { needs: [{ kind: NeedKind.ELDERLY_CARE, detail: '' }] } }),
  );
}

describe('Priority of a member', () => {
  it('[L13] is one call with its reasons', async () => {
    ownersKnow();
    expect((await readPriority().expect(200)).body).toMatchObject({
      priority: 40,
      reasons: [
        { kind: 'tier', what: 'gold' },
        { kind: 'special-need', what: 'elderly-care' },
      ],
      parts: { tier: { state: 'ok' }, specialNeed: { state: 'ok' } },
    });
  });

  it('[L13] marks what cannot be asked as missing, and tells the rest', async () => {
    ownersKnow();
    edge.owners.answer('getParticulars', () => {
      throw refusal('UNAVAILABLE', 'DEPENDENCY_UNAVAILABLE');
    });
    expect((await readPriority().expect(200)).body).toMatchObject({
      priority: 40,
      parts: { tier: { state: 'ok' }, specialNeed: { state: 'missing', reason: 'DEPENDENCY_UNAVAILABLE' } },
    });
  });

  it('[L13] is 0 for a member without an account, and refused for one that is not there', async () => {
    ownersKnow();
    edge.owners.answer('getTier', () => {
      throw refusal('NOT_FOUND', 'ACCOUNT_UNKNOWN');
    });
    expect((await readPriority().expect(200)).body).toMatchObject({ priority: 0, parts: { tier: { state: 'ok' } } });
    edge.owners.answer('getParticulars', () => {
      throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
    });
    expect((await readPriority().expect(404)).body).toMatchObject({ code: 'MEMBER_UNKNOWN' });
  });
});
