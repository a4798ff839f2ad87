import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AddOpeningPartRequest,
  CompleteOpeningResponse,
  OpeningBalance,
  OpeningState,
  UndoOpeningResponse,
} from '@regulars/contracts/loyalty/v1/openings';
import { refusal } from '@regulars/service';
import request from 'supertest';
import { type Edge, startEdge } from './edge.js';

let edge: Edge;
let token: string;
let clerk: string;

beforeAll(async () => {
  edge = await startEdge();
  token = await edge.issuer.token({ sub: 'finance-wu', roles: ['finance'] });
  clerk = await edge.issuer.token({ sub: 'a-clerk', roles: ['cashier'] });
});

afterAll(() => edge.stop());

const openingId = randomUUID();
const nothing = { rows: 0, points: 0 };
const opening = {
  openingId,
  programmeId: randomUUID(),
  source: 'old-club',
  state: OpeningState.BOOKING,
  file: nothing,
  booked: nothing,
  waiting: nothing,
  repeated: nothing,
  rejected: nothing,
  balance: OpeningBalance.UNSPECIFIED,
  begunAt: '2026-11-22T06:00:00Z',
};

const handOver = (file: string, type = 'application/x-ndjson', bearer = token) =>
  request(edge.app.getHttpServer())
    .put(`/v1/openings/${openingId}/file`)
    .set({ authorization: `Bearer ${bearer}`, 'idempotency-key': randomUUID(), 'content-type': type })
    .send(file);

describe('The file of an opening', () => {
  it('[L16] is passed on in parts while it comes, and is whole when the last one is', async () => {
    const parts: AddOpeningPartRequest[] = [];
    let told = 0;
    edge.owners.answer('addOpeningPart', (part: AddOpeningPartRequest) => {
      parts.push(part);
      return {};
    });
    edge.owners.answer('completeOpening', ({ parts: all }: { parts: number }) => {
      told = all;
      return CompleteOpeningResponse.fromJSON({ opening });
    });
    const file = `${JSON.stringify({ externalId: 'C-1', lots: [{ points: 1 }] })}\n`.repeat(40_000);
    const body = (await handOver(file).expect(202)).body as { balance?: string };
    expect(body).toMatchObject({ openingId, state: 'booking', file: nothing });
    expect(body.balance).toBeUndefined();
    expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index));
    expect([told, parts.length > 2]).toEqual([parts.length, true]);
    expect(Buffer.concat(parts.map(({ content }) => Buffer.from(content))).toString()).toBe(file);
  });

  it('[L16][O4] is taken as lines of JSON only, and from finance and administrators only', async () => {
    expect((await handOver('{}', 'application/json').expect(415)).body).toMatchObject({
      code: 'MEDIA_TYPE_NOT_SUPPORTED',
    });
    expect((await handOver('{}', 'application/x-ndjson', clerk).expect(403)).body).toMatchObject({
      code: 'NOT_ALLOWED',
    });
  });

  it('[L16] is taken back by its own call, which tells why not', async () => {
    const undo = () =>
      request(edge.app.getHttpServer())
        .post(`/v1/openings/${openingId}:undo`)
        .set({ authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() })
        .send({});
    edge.owners.answer('undoOpening', () =>
      UndoOpeningResponse.fromJSON({ opening: { ...opening, state: OpeningState.UNDOING } }),
    );
    expect((await undo().expect(201)).body).toMatchObject({ state: 'undoing' });
    edge.owners.answer('undoOpening', () => {
      throw refusal('FAILED_PRECONDITION', 'PROGRAMME_LIVE');
    });
    expect((await undo().expect(409)).body).toMatchObject({ code: 'PROGRAMME_LIVE' });
  });
});
