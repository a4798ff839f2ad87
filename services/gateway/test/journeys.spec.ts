import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@regulars/testing';
import { type Journey, purchaseAt, registerGuest, registerKnownGuest, startJourney } from './platform.js';

let journey: Journey;

beforeAll(async () => {
  journey = await startJourney();
});

afterAll(() => journey.stop());

interface Credited {
  outcome: string;
  purchaseId: string;
  memberId: string;
  pointsEarned: number;
  balance: number;
  entryId: string;
  receiptText: { zhCN: string; en: string };
}

interface Problem {
  status: number;
  code: string;
  traceId: string;
  retryable: boolean;
  purchaseId?: string;
  errors?: { pointer: string; message: string }[];
}

describe('A guest registers, eats and looks at her points', () => {
  it('[M1][L1][L3][L5][N6] is credited once, told why, and gets one message', async () => {
    const { client } = journey;
    const guest = await registerKnownGuest(journey, purchaseAt(journey, {}).till.storeId);
    const { till: counter, body } = purchaseAt(journey, { number: guest.number });
    const till = client(counter);
    const office = client('agent');
    const key = randomUUID();
    const underKey = (key: string = randomUUID()) => ({ params: { header: { 'Idempotency-Key': key } } });

    const posted = await till.POST('/v1/purchases', { ...underKey(key), body });
    expect(posted.response.status).toBe(201);
    const credited = posted.data as Credited;
    expect(credited).toMatchObject({ outcome: 'credited', memberId: guest.memberId, pointsEarned: 128, balance: 128 });
    expect(credited.receiptText.zhCN).toContain('128');

    const sameKey = await till.POST('/v1/purchases', { ...underKey(key), body });
    expect([sameKey.response.status, sameKey.data]).toEqual([200, credited]);
    expect(sameKey.response.headers.get('idempotency-replayed')).toBe('true');
    const rebooted = await till.POST('/v1/purchases', { ...underKey(), body });
    expect([rebooted.response.status, rebooted.data]).toEqual([200, credited]);

    const [noodles, tea] = body.lines;
    const dearer = {
      ...body,
      totalMinor: 12_900,
      lines: [{ ...(noodles as (typeof body.lines)[0]), amountMinor: 11_700 }, tea as (typeof body.lines)[0]],
      payments: [{ type: 'cash' as const, amountMinor: 12_900 }],
    };
    expect((await till.POST('/v1/purchases', { ...underKey(key), body: dearer })).error).toMatchObject({
      status: 422,
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect((await till.POST('/v1/purchases', { ...underKey(), body: dearer })).error).toMatchObject({
      status: 409,
      code: 'RECEIPT_CONFLICT',
      purchaseId: credited.purchaseId,
      retryable: false,
    });

    const { memberId } = guest;
    const month = new Date().toISOString().slice(0, 7);
    const ofMember = { path: { memberId } };
    const statement = await office.GET('/v1/members/{memberId}/points/statement', {
      params: { ...ofMember, query: { month } },
    });
    expect(statement.data).toMatchObject({ openingBalance: 0, earned: 128, taken: 0, closingBalance: 128 });
    const entries = await office.GET('/v1/members/{memberId}/points/entries', { params: ofMember });
    expect(entries.data?.entries).toMatchObject([
      { entryId: credited.entryId, kind: 'earn', points: 128, memberSeq: 1, sourceId: credited.purchaseId },
    ]);
    const why = await office.GET('/v1/points/entries/{entryId}/explain', {
      params: { path: { entryId: credited.entryId } },
    });
    expect(why.data?.steps.length).toBeGreaterThan(0);

    const messages = await eventually(async () => {
      const found = await fetch(`${journey.platform.sink.url}/messages.json?to=${encodeURIComponent(guest.email)}`);
      const list = (await found.json()) as { text: string }[];
      return list.length > 0 && list;
    });
    expect(messages).toHaveLength(1);
    expect(messages[0]?.text).toContain('128');
    await eventually(async () => {
      const told = await office.GET('/v1/messages', { params: { query: { memberId } } });
      expect(told.data?.messages).toMatchObject([{ template: 'points-earned', state: 'sent' }]);
    });
  });

  it('[L1][M6] is found at the till by mobile and by code token, and shown to nobody in clear', async () => {
    const { as } = journey;
    const guest = await registerKnownGuest(journey, purchaseAt(journey, {}).till.storeId);
    const found = await as('agent')
      .get(`/v1/members?mobile=${encodeURIComponent(guest.mobile)}`)
      .expect(200);
    const { masked, person } = found.body as {
      masked: boolean;
      person: { mobile: string };
    };
    expect(masked).toBe(true);
    expect(person.mobile).not.toBe(guest.mobile);

    const byToken = purchaseAt(journey, { codeToken: guest.codeToken });
    const first = await as(byToken.till).post('/v1/purchases', byToken.body).expect(201);
    const byMobile = purchaseAt(journey, { mobile: guest.mobile });
    const key = randomUUID();
    const second = await eventually(() => as(byMobile.till).post('/v1/purchases', byMobile.body, key).expect(201));
    expect([first, second].map(({ body }) => (body as Credited).memberId)).toEqual([guest.memberId, guest.memberId]);
  });

  it('[L2] is credited by itself when the till is faster than the news of her', async () => {
    const { as } = journey;
    const { till } = purchaseAt(journey, {});
    const early = await registerGuest(journey, till.storeId);
    const { body } = purchaseAt(journey, { number: early.number });
    expect([201, 202]).toContain((await as(till).post('/v1/purchases', body)).status);
    await eventually(async () => {
      const points = await as('agent').get(`/v1/members/${early.memberId}/points`).expect(200);
      expect(points.body).toMatchObject({ balance: 128 });
    });

    const unknown = purchaseAt(journey, { number: '9999999999' });
    const kept = await as(till).post('/v1/purchases', unknown.body).expect(202);
    expect(kept.body).toMatchObject({ outcome: 'pending', reason: 'member-not-known-yet' });
    const anonymous = purchaseAt(journey, {});
    const { member: _, ...nobody } = anonymous.body;
    const unclaimed = await as(till).post('/v1/purchases', nobody).expect(202);
    expect(unclaimed.body).toMatchObject({ outcome: 'pending', reason: 'anonymous' });

    const guest = await registerKnownGuest(journey, till.storeId);
    const { storeId, tillId, businessDate, receiptNumber, totalMinor } = nobody;
    const claim = { storeId, tillId, businessDate, receiptNumber, totalMinor, memberId: guest.memberId };
    const claimed = await as('agent').post('/v1/purchases/claims', claim).expect(201);
    expect(claimed.body).toMatchObject({ outcome: 'credited', memberId: guest.memberId, pointsEarned: 128 });
    const guessed = await as('agent').post('/v1/purchases/claims', { ...claim, totalMinor: 1 });
    expect(guessed.status).toBe(404);
  });

  it('[L6] gives points back for what she returns, once', async () => {
    const { as } = journey;
    const guest = await registerKnownGuest(journey, purchaseAt(journey, {}).till.storeId);
    const { till, body } = purchaseAt(journey, { number: guest.number });
    await as(till).post('/v1/purchases', body).expect(201);
    const refund = {
      businessDate: body.businessDate,
      receiptNumber: `${body.receiptNumber}-R`,
      rungAt: body.rungAt,
      purchase: { businessDate: body.businessDate, receiptNumber: body.receiptNumber },
      lines: [{ line: 1, quantityMilli: 1_000, amountMinor: 1_200 }],
    };
    const first = await as(till).post('/v1/refunds', refund).expect(201);
    expect(first.body).toMatchObject({ outcome: 'taken-back', pointsTaken: 12, pointsOwed: 0, balance: 116 });
    const again = await as(till).post('/v1/refunds', refund).expect(200);
    expect(again.body).toEqual(first.body);
    const tooMuch = { ...refund, receiptNumber: `${body.receiptNumber}-R2` };
    expect((await as(till).post('/v1/refunds', tooMuch)).body).toMatchObject({ status: 409, code: 'MORE_THAN_BOUGHT' });
  });
});

interface BatchLine {
  status?: number;
  result?: Partial<Credited>;
  whole?: boolean;
}

describe('A till that was offline', () => {
  it('[L2] hands in its purchases, each with its own result, twice without crediting twice', async () => {
    const { as } = journey;
    const guest = await registerKnownGuest(journey, purchaseAt(journey, {}).till.storeId);
    const stored = Array.from({ length: 20 }, () => purchaseAt(journey, { number: guest.number }));
    const [{ till }] = stored as [(typeof stored)[number]];
    const lines = [...stored.map(({ body }) => JSON.stringify(body)), JSON.stringify({ ...stored[0]?.body, tip: 1 })];
    const send = async () => (await as(till).postLines(lines)) as BatchLine[];
    const first = await send();
    expect(first.map(({ status }) => status)).toEqual([...stored.map(() => 201), 400, undefined]);
    expect(first.at(-1)).toMatchObject({ whole: true });
    const earned = first.reduce((sum, { result }) => sum + (result?.pointsEarned ?? 0), 0);
    const second = await send();
    expect(second.map(({ status }) => status)).toEqual([...stored.map(() => 200), 400, undefined]);
    const balance = await as('agent').get(`/v1/members/${guest.memberId}/points`).expect(200);
    expect(balance.body).toMatchObject({ balance: earned });
  });
});

describe('Input that the platform does not take', () => {
  it('[L1][O2] is refused with every pointer, writes nothing, and leaves every process alive', async () => {
    const { as, rowsAtRest } = journey;
    const guest = await registerKnownGuest(journey, purchaseAt(journey, {}).till.storeId);
    const { till, body } = purchaseAt(journey, { number: guest.number });
    const other = journey.platform.tillKeys?.find(({ storeId }) => storeId !== till.storeId);
    const tomorrow = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
    const before = await rowsAtRest('loyalty');

    const post = async (over: object) => (await as(till).post('/v1/purchases', { ...body, ...over })).body as Problem;
    const told = (problem: Problem) => [problem.status, problem.code, problem.errors?.map(({ pointer }) => pointer)];
    const refused = [
      await post({ totalMinor: 1 }),
      await post({ currency: 'QQQ', tip: 1 }),
      await post({ currency: 'USD' }),
      await post({ businessDate: tomorrow }),
      await post({ businessDate: '2001-01-01' }),
      await post({ storeId: other?.storeId }),
      await post({ tillId: randomUUID() }),
    ];
    expect(refused.map(told)).toEqual([
      [400, 'MALFORMED', ['/totalMinor', '/payments']],
      [400, 'MALFORMED', ['/currency', '/tip']],
      [409, 'CURRENCY_NOT_OF_PROGRAMME', ['/currency']],
      [409, 'BUSINESS_DATE_IN_FUTURE', ['/businessDate']],
      [409, 'NO_PROGRAMME', ['/businessDate']],
      [403, 'STORE_NOT_ALLOWED', ['/storeId']],
      [403, 'STORE_NOT_ALLOWED', ['/tillId']],
    ]);
    const wrongKey = { key: till.key.slice(0, -2) + (till.key.endsWith('AA') ? 'BB' : 'AA') };
    expect((await as(wrongKey).post('/v1/purchases', body)).status).toBe(401);

    expect(await rowsAtRest('loyalty')).toEqual(before);
    for (const name of ['gateway', 'loyalty', 'members', 'stores'] as const) {
      expect(await journey.platform.service(name).isRunning()).toBe(true);
    }
    await as(till).post('/v1/purchases', body).expect(201);
  });

  it('[M1] is refused at registration with every pointer, and twice the same mobile is a conflict', async () => {
    const { as, rowsAtRest } = journey;
    const guest = await registerKnownGuest(journey, purchaseAt(journey, {}).till.storeId);
    // Messages of former tests still ask for addresses, and every such read is a line of its own.
    const written = async () => ({ ...(await rowsAtRest('members')), access_log: undefined, access_seal: undefined });
    const before = await written();
    const nobody = { person: { name: '' }, language: 'fr', channel: 'store-desk', acceptances: [] };
    const malformed = (await as('agent').post('/v1/members', nobody)).body as Problem;
    expect(malformed.errors?.map(({ pointer }) => pointer).sort()).toEqual([
      '/acceptances',
      '/language',
      '/person',
      '/person/name',
    ]);
    const acceptedAt = new Date().toISOString();
    const twice = {
      person: { name: 'Emma', mobile: guest.mobile },
      language: 'en',
      channel: 'website',
      acceptances: ['benefits', 'privacy'].map((notice) => ({
        notice,
        version: '2026-05',
        channel: 'website',
        acceptedAt,
      })),
    };
    expect((await as('agent').post('/v1/members', twice)).body).toMatchObject({ status: 409, code: 'MOBILE_TAKEN' });
    expect(await written()).toEqual(before);
  });
});

describe('A till key', () => {
  it('[O4] is rotated without a pause, and a revoked one is refused within five seconds', async () => {
    const { as } = journey;
    const office = as('administrator');
    const [store] = journey.platform.stores ?? [];
    const till: unknown = (await office.post('/v1/tills', { storeId: store?.storeId, number: 'R-1' }).expect(201)).body;
    const { tillId } = till as { tillId: string };
    const issue = async () =>
      (await office.post(`/v1/tills/${tillId}/keys`, {}).expect(201)).body as { keyId: string; secret: string };
    const [old, fresh] = [await issue(), await issue()];
    const third = await office.post(`/v1/tills/${tillId}/keys`, {});
    expect(third.body).toMatchObject({ status: 409, code: 'TOO_MANY_LIVE_KEYS', allowed: ['revokeTillKey'] });
    const purchase = () => {
      const { body } = purchaseAt(journey, { number: '9999999999' });
      return { ...body, tillId };
    };
    for (const { secret } of [old, fresh]) {
      await eventually(() => as({ key: secret }).post('/v1/purchases', purchase()).expect(202));
    }
    await office.delete(`/v1/tills/${tillId}/keys/${old.keyId}`).expect(200);
    await eventually(() => as({ key: old.secret }).post('/v1/purchases', purchase()).expect(401));
    await as({ key: fresh.secret }).post('/v1/purchases', purchase()).expect(202);
    const { tills } = (await office.get(`/v1/stores/${store?.storeId}/tills`).expect(200)).body as {
      tills: { tillId: string; keys: { revokedAt?: string }[] }[];
    };
    const keys = tills.find((each) => each.tillId === tillId)?.keys ?? [];
    expect(keys.filter(({ revokedAt }) => revokedAt !== undefined)).toHaveLength(1);
    expect(JSON.stringify(tills)).not.toContain(fresh.secret);
  });
});

describe('A guest who was not pleased', () => {
  it('[C1][C4][S4] is asked how it was, and her case has a number and a promised time', async () => {
    const { as } = journey;
    const { till } = purchaseAt(journey, {});
    const guest = await registerKnownGuest(journey, till.storeId);
    const { body } = purchaseAt(journey, { number: guest.number });
    await as(till).post('/v1/purchases', body).expect(201);
    await eventually(async () => {
      const list: unknown = (await as('agent').get(`/v1/followups?memberId=${guest.memberId}`).expect(200)).body;
      expect(list).toMatchObject({ followUps: [{ memberId: guest.memberId, state: 'planned' }] });
    });

    const feedback = {
      memberId: guest.memberId,
      storeId: till.storeId,
      type: 'complaint',
      channel: 'store-desk',
      text: '面有点凉，等了二十分钟。',
    };
    const key = randomUUID();
    const opened = await eventually(() => as('agent').post('/v1/cases', feedback, key).expect(201));
    const { caseId, number, respondBy } = opened.body as { caseId: string; number: string; respondBy: string };
    expect(Date.parse(respondBy)).toBeGreaterThan(Date.now());
    const again = await as('agent').post('/v1/cases', feedback, key).expect(200);
    expect(again.body).toEqual(opened.body);
    for (const reference of [caseId, number]) {
      const found: unknown = (await as('agent').get(`/v1/cases/${reference}`).expect(200)).body;
      expect(found).toMatchObject({ caseId, severity: 'normal', state: 'received', text: feedback.text });
    }
    const list: unknown = (await as('agent').get(`/v1/cases?memberId=${guest.memberId}`).expect(200)).body;
    expect(list).toMatchObject({ cases: [{ caseId }] });
  });
});

describe('A trace', () => {
  it('[O2] runs from HTTP through gRPC, outbox and Kafka to the consumers', async () => {
    const { as, spans } = journey;
    const { till } = purchaseAt(journey, {});
    const guest = await registerKnownGuest(journey, till.storeId);
    const { body } = purchaseAt(journey, { number: guest.number });
    const traceId = randomBytes(16).toString('hex');
    const caller = randomBytes(8).toString('hex');
    const posted = await as(till)
      .post('/v1/purchases', body)
      .set('traceparent', `00-${traceId}-${caller}-01`)
      .expect(201);
    expect(posted.headers['x-trace-id']).toBe(traceId);
    const found = await eventually(() => {
      const all = spans.of(traceId);
      const services = new Set(all.map(({ service }) => service));
      return ['gateway', 'loyalty', 'notifications', 'surveys'].every((name) => services.has(name)) && all;
    });
    const edge = found.find(({ service }) => service === 'gateway');
    expect(edge).toMatchObject({ name: 'POST /v1/purchases', parentSpanId: caller });
    const ids = new Set(found.map(({ spanId }) => spanId));
    for (const span of found) {
      if (span !== edge)
        expect([span.service, span.name, ids.has(span.parentSpanId ?? '')]).toEqual([span.service, span.name, true]);
    }
    expect(found.filter(({ name }) => name.startsWith('publish '))).not.toEqual([]);
    expect(found.filter(({ name }) => name.startsWith('consume ')).length).toBeGreaterThanOrEqual(2);
  });

  it('[O2] is given to every request, told in the answer and in problems', async () => {
    const answer = await journey.as('agent').get('/v1/members/nobody');
    expect(answer.headers['x-trace-id']).toBe((answer.body as Problem).traceId);
  });
});
