import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PointsServiceService, type Read } from '@regulars/contracts/loyalty/v1/points';
import { ProgrammeServiceService } from '@regulars/contracts/loyalty/v1/programmes';
import { PurchaseRefusal, PurchaseServiceService, UnprocessedReason } from '@regulars/contracts/loyalty/v1/purchases';
import { type RpcClient, rpcClient } from '@regulars/service';
import { eventually, publish, type RunningService, readTopic, signedPrincipal, startService } from '@regulars/testing';
import { aMember, anItem, aPurchase, aStore, memberEvent, storeEvents, theTerms, today } from './chain.js';

describe('A running loyalty service', () => {
  const store = aStore();
  const member = aMember();
  let service: RunningService;
  let purchases: RpcClient<typeof PurchaseServiceService>;
  let programmes: RpcClient<typeof ProgrammeServiceService>;
  let till: string;
  let deadline: Date;

  beforeAll(async () => {
    deadline = new Date(Date.now() + 60_000);
    till = await signedPrincipal({ sub: store.tillId, kind: 'till', stores: [store.storeId] });
    service = await startService('loyalty');
    purchases = rpcClient(PurchaseServiceService, service.grpcAddress);
    programmes = rpcClient(ProgrammeServiceService, service.grpcAddress);
    await publishProgramme();
    const events = storeEvents(store);
    await publish(`${service.topicPrefix}regulars.stores.store.v1`, [events.store]);
    await publish(`${service.topicPrefix}regulars.stores.till.v1`, [events.till]);
    await publish(`${service.topicPrefix}regulars.members.member.v1`, [memberEvent(member)]);
    await eventually(async () => {
      const probe = await post(aPurchase({ at: store, by: member, minor: 0 }));
      return probe.outcome?.$case === 'credited';
    });
  });

  afterAll(async () => {
    purchases.close();
    programmes.close();
    await service.stop();
  });

  async function publishProgramme(): Promise<void> {
    const principal = await signedPrincipal({ sub: 'head-office', kind: 'person', roles: ['administrator'] });
    const call = { principal, deadline };
    const { programme } = await programmes.createProgramme(
      { code: 'LANTERN', nameZh: '灯笼会员', nameEn: 'Lantern Club', currency: 'CNY', brandIds: [store.brandId] },
      call,
    );
    const programmeId = programme?.programmeId ?? '';
    const { version } = await programmes.draftVersion({ programmeId, terms: theTerms() }, call);
    await programmes.publishVersion({ programmeId, version: version?.version ?? 0, effectiveFrom: '2020-01-01' }, call);
  }

  async function post(purchase: ReturnType<typeof aPurchase>, key: string = randomUUID()) {
    const { results } = await purchases.postPurchases({ items: [anItem(purchase, till, key)] }, { deadline });
    return results[0] as NonNullable<(typeof results)[0]>;
  }

  it('[L3] begins a programme and drafts a version once under a key, however often and at once they are asked for', async () => {
    const principal = await signedPrincipal({ sub: 'head-office', kind: 'person', roles: ['administrator'] });
    const call = { principal, deadline };
    const body = { code: 'ONCE', nameZh: '一次', nameEn: 'Once', currency: 'CNY', brandIds: [randomUUID()] };
    const begin = () => programmes.createProgramme(body, { ...call, idempotencyKey: 'begin' });
    const begun = await Promise.all([begin(), begin(), begin()]);
    expect(new Set(begun.map(({ programme }) => programme?.programmeId)).size).toBe(1);
    const programmeId = begun[0].programme?.programmeId ?? '';
    const draft = (points: number) =>
      programmes.draftVersion({ programmeId, terms: theTerms({ points }) }, { ...call, idempotencyKey: 'draft' });
    const drafts = await Promise.all([draft(1), draft(1), draft(1)]);
    expect(drafts.map(({ version }) => version?.version)).toEqual([1, 1, 1]);
    expect(drafts.filter(({ replayed }) => !replayed)).toHaveLength(1);
    await expect(draft(2)).rejects.toMatchObject({ problem: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  it('[L1] credits a purchase and answers points, balance, tier and a line to print', async () => {
    const { outcome } = await post(aPurchase({ at: store, by: member, minor: 12_345 }));
    if (outcome?.$case !== 'credited') throw new Error(JSON.stringify(outcome));
    expect(outcome.value.pointsEarned).toBe(123);
    expect(outcome.value.tier).toEqual({ tier: 'regular', nextTier: 'gold', missingMinor: 87_655, spentMinor: 12_345 });
    expect(outcome.value.receiptText?.zhCn).toContain('123');
  });

  it('[L1] answers the first answer to a repeated purchase, under the same key and under a new one', async () => {
    const purchase = aPurchase({ at: store, by: member });
    const first = await post(purchase, 'k1');
    expect(await post(purchase, 'k1')).toEqual({ ...first, replayed: true });
    expect(await post(purchase, 'k2')).toEqual({ ...first, replayed: true });
  });

  it('[L1] refuses another body under the receipt, and another purchase under the key', async () => {
    const purchase = aPurchase({ at: store, by: member });
    const first = await post(purchase, 'k3');
    const other = { ...aPurchase({ at: store, by: member, minor: 9_999 }), receipt: purchase.receipt };
    const conflict = await post(other, 'k4');
    expect(conflict.outcome).toMatchObject({
      $case: 'refused',
      value: {
        reason: PurchaseRefusal.RECEIPT_CONFLICT,
        purchaseId: (first.outcome?.value as { purchaseId: string }).purchaseId,
      },
    });
    const reused = await post(aPurchase({ at: store, by: member }), 'k3');
    expect(reused.outcome).toMatchObject({ value: { reason: PurchaseRefusal.IDEMPOTENCY_KEY_REUSED } });
  });

  it('[L4] tells of every entry in the topic, in the order of the member, keyed by the member', async () => {
    await post(aPurchase({ at: store, by: member, minor: 100 }));
    const records = await eventually(async () => {
      const all = await readTopic(`${service.topicPrefix}regulars.loyalty.points.v1`);
      return all.length >= 5 ? all : false;
    });
    const mine = records.filter((record) => record.key === member.memberId);
    const order = mine.map((record) => Number(record.headers.ce_memberseq));
    expect(order).toEqual(order.map((_, index) => index + 1));
    expect(mine.every((record) => record.headers.ce_type === 'regulars.loyalty.v1.PointsEarned')).toBe(true);
  });

  it('[L1] refuses what a wrong clock, an unknown till or a foreign store would post', async () => {
    const reasons = [];
    const future = aPurchase({ at: store, by: member, businessDate: '2099-01-01' });
    const old = aPurchase({ at: store, by: member, businessDate: '2021-01-01' });
    for (const purchase of [future, old]) reasons.push((await post(purchase)).outcome?.value);
    const elsewhere = aStore();
    reasons.push((await post(aPurchase({ at: elsewhere, by: member }))).outcome?.value);
    expect(reasons).toMatchObject([
      { reason: PurchaseRefusal.BUSINESS_DATE_IN_FUTURE },
      { reason: PurchaseRefusal.BUSINESS_DATE_TOO_OLD },
      { reason: PurchaseRefusal.STORE_NOT_ALLOWED },
    ]);
  });

  it('[L1] keeps a purchase of nobody and of somebody it does not know yet', async () => {
    expect((await post(aPurchase({ at: store }))).outcome?.$case).toBe('pending');
    expect((await post(aPurchase({ at: store, by: aMember(), businessDate: today() }))).outcome?.$case).toBe('pending');
  });

  it('[L1][O4] refuses an item whose principal does not verify or acts for another till, and credits its neighbours', async () => {
    const foreign = await signedPrincipal({ sub: randomUUID(), kind: 'till', stores: [store.storeId] });
    const forged = await signedPrincipal({ sub: store.tillId, kind: 'till', stores: '*' }, 'members');
    const items = [till, foreign, forged, ''].map((principal) =>
      anItem(aPurchase({ at: store, by: member }), principal, randomUUID()),
    );
    const { results } = await purchases.postPurchases({ items }, { deadline });
    expect(
      results.map(({ outcome }) => (outcome?.$case === 'refused' ? outcome.value.reason : outcome?.$case)),
    ).toEqual([
      'credited',
      PurchaseRefusal.STORE_NOT_ALLOWED,
      PurchaseRefusal.NOT_AUTHENTICATED,
      PurchaseRefusal.NOT_AUTHENTICATED,
    ]);
  });

  it('[L1] drops an item that nobody waits for any more, and writes nothing for it', async () => {
    const purchase = aPurchase({ at: store, by: member });
    const late = anItem(purchase, till, 'late');
    const expired = { ...late, context: { principal: till, deadline: new Date(0), traceparent: '' } };
    const { results } = await purchases.postPurchases({ items: [expired] }, { deadline });
    expect(results[0]?.outcome).toEqual({
      $case: 'unprocessed',
      value: { reason: UnprocessedReason.DEADLINE_PASSED },
    });
    expect(await post(purchase, 'late')).toMatchObject({ replayed: false, outcome: { $case: 'credited' } });
  });

  it('[L3][L4][L5] answers balance, entries, statement and reasons to staff, and to a member only its own', async () => {
    const points = rpcClient(PointsServiceService, service.grpcAddress);
    const staff = await signedPrincipal({ sub: 'agent', kind: 'person', roles: ['agent'] });
    const guest = await signedPrincipal({ sub: randomUUID(), kind: 'member' });
    const { memberId } = member;
    const call = { principal: staff, deadline };
    const balance = await points.getBalance({ memberId, programmeId: '' }, call);
    const { entries } = await points.listEntries({ memberId, programmeId: '', page: undefined }, call);
    expect(entries[0]?.balanceAfter).toBe(balance.balance);
    const { steps } = await points.explainEntry({ entryId: entries[0]?.entryId ?? '' }, call);
    expect(steps[0]).toMatchObject({ code: 'counted-amount', text: { zhCn: expect.stringContaining('计入积分') } });
    const month = today().slice(0, 7);
    const statement = await points.getStatement({ memberId, programmeId: '', month, page: undefined }, call);
    expect(statement.openingBalance + statement.earned + statement.taken).toBe(statement.closingBalance);
    const asGuest = points.getBalance({ memberId, programmeId: '' }, { principal: guest, deadline });
    await expect(asGuest).rejects.toMatchObject({ problem: { code: 'ACCOUNT_UNKNOWN' } });
    points.close();
  });

  it('[L3][L4][L5] answers many reads in one call, each as its own principal would be answered alone', async () => {
    const points = rpcClient(PointsServiceService, service.grpcAddress);
    const staff = await signedPrincipal({ sub: 'agent', kind: 'person', roles: ['agent'] });
    const guest = await signedPrincipal({ sub: randomUUID(), kind: 'member' });
    const { memberId } = member;
    const account = { memberId, programmeId: '' };
    const month = { ...account, month: today().slice(0, 7), page: undefined };
    const as = (principal: string, what: Read['what']): Read => {
      return { context: { principal, deadline, traceparent: '' }, what };
    };
    const balance: Read['what'] = { $case: 'balance', value: account };
    const { results } = await points.readMany(
      {
        reads: [
          as(staff, balance),
          as(staff, { $case: 'statement', value: month }),
          as(guest, balance),
          as('forged', balance),
          as(staff, { $case: 'statement', value: { ...month, month: '2026-13' } }),
          as(staff, { $case: 'explanation', value: { entryId: randomUUID() } }),
          as(staff, undefined),
        ],
      },
      { deadline },
    );
    const alone = { principal: staff, deadline };
    expect(results.map(({ outcome }) => outcome)).toEqual([
      { $case: 'balance', value: await points.getBalance(account, alone) },
      { $case: 'statement', value: await points.getStatement(month, alone) },
      failure(status.NOT_FOUND, 'ACCOUNT_UNKNOWN'),
      failure(status.UNAUTHENTICATED, 'PRINCIPAL_NOT_VERIFIED'),
      failure(status.INVALID_ARGUMENT, 'MALFORMED'),
      failure(status.NOT_FOUND, 'ENTRY_UNKNOWN'),
      failure(status.INVALID_ARGUMENT, 'MALFORMED'),
    ]);
    await expect(points.readMany({ reads: [] }, { deadline })).rejects.toMatchObject({
      problem: { code: 'MALFORMED' },
    });
    points.close();
  });
});

function failure(code: status, problem: string) {
  return { $case: 'failure', value: { status: code, problem: expect.objectContaining({ code: problem }) } };
}
