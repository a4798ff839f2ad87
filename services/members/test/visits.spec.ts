import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MergeBooked } from '@regulars/contracts/loyalty/v1/merges_events';
import { PointsEarned, PointsTakenBackForRefund } from '@regulars/contracts/loyalty/v1/points_events';
import { MemberDirectoryServiceService } from '@regulars/contracts/members/v1/directory';
import { MergeServiceService, MergeState } from '@regulars/contracts/members/v1/merges';
import { VisitServiceService } from '@regulars/contracts/members/v1/visits';
import { type RpcClient, rpcClient } from '@regulars/service';
import { eventually, type PublishedEvent, publish } from '@regulars/testing';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { visitsOf as storedVisitsOf } from '../src/visits/visits.store.js';
import { agent, as, auditor, bund, Desk, nobody, refusalOf } from './desk.js';

const tea = ['T1', '茉莉花茶', 'tea', 2_000, 2_400];
const noodles = ['N1', '牛肉面', 'noodles', 1_000, 3_200];

describe('Visits of members', () => {
  let desk: Desk;
  let client: RpcClient<typeof VisitServiceService>;
  let mobile = 13_700_000_000;

  beforeAll(async () => {
    desk = await Desk.open();
    client = rpcClient(VisitServiceService, desk.service.grpcAddress);
  });

  afterAll(async () => {
    client.close();
    await desk.close();
  });

  async function aMember(): Promise<string> {
    mobile += 1;
    return (await desk.register({ name: '周晓雨', mobile: `+86${mobile}` })).memberId;
  }

  function bought(memberId: string, told: Partial<PointsEarned> = {}): PublishedEvent {
    const purchaseId = told.purchaseId ?? uuidv7();
    const earned = PointsEarned.fromPartial({
      entryId: purchaseId,
      memberId,
      programmeId: randomUUID(),
      purchaseId,
      memberSeq: 1,
      receipt: { storeId: bund, tillId: randomUUID(), businessDate: today(), receiptNumber: '1' },
      rungAt: new Date(`${today()}T11:45:00+08:00`),
      rungAtOffsetMinutes: 480,
      totalMinor: 5_600,
      currency: 'CNY',
      channel: 'dine-in',
      partySize: 2,
      linesJson: JSON.stringify([noodles, tea]),
      ...told,
    });
    const payload = PointsEarned.toJSON(earned) as object;
    return { id: purchaseId, type: 'regulars.loyalty.v1.PointsEarned', key: memberId, payload };
  }

  function gaveBack(memberId: string, purchaseId: string): PublishedEvent {
    const refundId = uuidv7();
    const lines = [{ line: 1, quantityMilli: 2_000, amountMinor: 2_400 }];
    const told = { entryId: refundId, refundId, memberId, purchaseId, refundedMinor: 2_400, currency: 'CNY', lines };
    const payload = PointsTakenBackForRefund.toJSON(PointsTakenBackForRefund.fromPartial(told)) as object;
    return { id: refundId, type: 'regulars.loyalty.v1.PointsTakenBackForRefund', key: memberId, payload };
  }

  const tell = (...events: PublishedEvent[]) =>
    publish(`${desk.service.topicPrefix}regulars.loyalty.points.v1`, events);

  async function visitsOf(memberId: string) {
    return client.getVisits({ memberId, purpose: '' }, await as(agent));
  }

  async function afterVisits(memberId: string, visits: number) {
    return eventually(async () => {
      const known = await visitsOf(memberId);
      return known.figures?.visits === visits ? known : false;
    });
  }

  it('[M7] keeps purchases as they are told, with dishes, meal, party and store, newest first', async () => {
    const memberId = await aMember();
    const [first, second] = [
      bought(memberId),
      bought(memberId, { linesJson: JSON.stringify([tea]), totalMinor: 2_400, partySize: 0 }),
    ];
    await tell(first, second);
    const { figures, last } = await afterVisits(memberId, 2);
    expect(figures).toMatchObject({
      days: 1,
      lastOn: today(),
      spending: [{ currency: 'CNY', totalMinor: 8_000 }],
      meals: [{ code: 'lunch', visits: 2 }],
      stores: [{ code: bund, visits: 2 }],
      averagePartySize: 2,
    });
    expect(figures?.dishes.map(({ code, visits }) => [code, visits])).toEqual([
      ['T1', 2],
      ['N1', 1],
    ]);
    expect(last.map(({ purchaseId }) => purchaseId)).toEqual([second.id, first.id]);
  });

  it('[M7][L6] comes to the same when events come twice and a refund before its purchase', async () => {
    const memberId = await aMember();
    const purchase = bought(memberId);
    const refund = gaveBack(memberId, purchase.id as string);
    // Under new ids the same facts are not recognised as repeated before they reach the tables.
    await tell(refund, purchase, { ...purchase, id: uuidv7() }, { ...refund, id: uuidv7() });
    await tell(bought(memberId, { linesJson: JSON.stringify([noodles]), totalMinor: 3_200 }));
    const { figures } = await afterVisits(memberId, 2);
    expect(figures?.spending).toEqual([{ currency: 'CNY', totalMinor: 6_400 }]);
    expect(figures?.dishes.map(({ code }) => code)).toEqual(['N1']);
  });

  it('[M2][M7] takes a purchase for a sign of life, so that the mobile needs no new proof', async () => {
    const memberId = await aMember();
    const age = "UPDATE member SET seen_at = now() - interval '500 days' WHERE member_id = $1";
    await desk.database.query(age, [memberId]);
    const read = async () => (await desk.client.getMember({ memberId, purpose: '' }, await as(agent))).member;
    expect((await read())?.mobileVerificationNeeded).toBe(true);
    await tell(bought(memberId));
    await eventually(async () => (await read())?.mobileVerificationNeeded === false);
  });

  it('[M4] finds members by the tier on which they stood last', async () => {
    const memberId = await aMember();
    const [earlier, later] = ['2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z'].map((at) => new Date(at));
    const programmeId = randomUUID();
    await tell(
      bought(memberId, { programmeId, tier: 'diamond-test', postedAt: later as Date }),
      bought(memberId, { programmeId, tier: 'gold-test', postedAt: earlier as Date }),
    );
    await afterVisits(memberId, 2);
    const directory = rpcClient(MemberDirectoryServiceService, desk.service.grpcAddress);
    try {
      const found = async (tier: string) => {
        const search = { namePrefix: '', homeStoreId: '', tag: '', tier, page: undefined };
        return (await directory.searchMembers(search, await as(agent))).members.map((member) => member.memberId);
      };
      expect([await found('diamond-test'), await found('gold-test')]).toEqual([[memberId], []]);
    } finally {
      directory.close();
    }
  });

  it('[M6][M7] writes down who looked at visits', async () => {
    const memberId = await aMember();
    await client.getVisits({ memberId, purpose: 'guest-contact' }, await as(agent));
    const { rows } = await desk.database.query(
      'SELECT principal, fields, purpose FROM access_log WHERE member_id = $1',
      [memberId],
    );
    expect(rows).toEqual([{ principal: agent.sub, fields: ['visits'], purpose: 'guest-contact' }]);
  });

  it('[M7] tells nobody’s visits, and to a member only her own', async () => {
    const [memberId, other] = [await aMember(), await aMember()];
    const refused = async (id: string, claims = agent) =>
      refusalOf(client.getVisits({ memberId: id, purpose: '' }, await as(claims)));
    expect(await refused(nobody)).toMatchObject({ code: 'MEMBER_UNKNOWN' });
    expect(await refused(other, { sub: memberId, kind: 'member' })).toMatchObject({ code: 'MEMBER_UNKNOWN' });
  });

  it('[M7] says that loyalty cannot be asked when visits are to be compared without it', async () => {
    const memberId = await aMember();
    const compared = client.compareVisits({ memberId, repair: false }, await as(auditor));
    expect(await refusalOf(compared)).toMatchObject({ code: 'LOYALTY_UNAVAILABLE' });
  });

  it('[M6][M7] keeps visits from staff while the processing of the data is restricted, and not from herself', async () => {
    const memberId = await aMember();
    await tell(bought(memberId));
    await afterVisits(memberId, 1);
    const ordered = (restricted: boolean) =>
      publish(`${desk.service.topicPrefix}regulars.members.restriction.v1`, [
        {
          type: 'regulars.members.v1.MemberRestrictionOrdered',
          key: memberId,
          payload: { requestId: uuidv7(), memberId, restricted, orderedAt: new Date().toISOString() },
        },
      ]);
    await ordered(true);
    await eventually(async () => {
      expect(await refusalOf(visitsOf(memberId))).toMatchObject({ code: 'MEMBER_RESTRICTED' });
    });
    const compared = client.compareVisits({ memberId, repair: false }, await as(auditor));
    expect(await refusalOf(compared)).toMatchObject({ code: 'MEMBER_RESTRICTED' });
    const own = await client.getVisits({ memberId, purpose: '' }, await as({ sub: memberId, kind: 'member' }));
    expect(own.figures?.visits).toBe(1);
    await ordered(false);
    await eventually(async () => (await visitsOf(memberId)).figures?.visits === 1);
  });

  it('[M5][M7] tells the visits of both after a merge, and of each her own again once it is undone', async () => {
    const merges = rpcClient(MergeServiceService, desk.service.grpcAddress);
    try {
      const [survivorId, mergedId] = [await aMember(), await aMember()];
      await tell(bought(survivorId), bought(mergedId), bought(mergedId));
      const before = [await afterVisits(survivorId, 1), await afterVisits(mergedId, 2)];
      const request = { survivorId, mergedId, mobilesMayDiffer: false, idempotencyKey: uuidv7() };
      const mergeId = (await merges.mergeMembers(request, await as(agent))).merge?.mergeId ?? '';
      const both = await visitsOf(survivorId);
      expect(both.figures).toMatchObject({ visits: 3, spending: [{ currency: 'CNY', totalMinor: 16_800 }] });
      expect(both.last.map(({ purchaseId }) => purchaseId)).toEqual(
        before
          .flatMap(({ last }) => last.map(({ purchaseId }) => purchaseId))
          .sort()
          .reverse(),
      );
      expect(await visitsOf(mergedId)).toEqual(before[1]);
      const payload = MergeBooked.toJSON({ mergeId, bookedAt: new Date() }) as object;
      await publish(`${desk.service.topicPrefix}regulars.loyalty.merge.v1`, [
        { type: 'regulars.loyalty.v1.MergeBooked', key: mergeId, payload },
      ]);
      const isBooked = async () =>
        (await merges.getMerge({ mergeId }, await as(agent))).merge?.state === MergeState.BOOKED;
      await eventually(isBooked);
      await merges.undoMerge({ mergeId, idempotencyKey: uuidv7() }, await as(agent));
      expect([await visitsOf(survivorId), await visitsOf(mergedId)]).toEqual(before);
    } finally {
      merges.close();
    }
  });

  it('[M7] reads the visits of a person along one index, however many others there are', async () => {
    const memberId = await aMember();
    await desk.database.query(
      `INSERT INTO visit SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), $1, current_date, now(), 480,
         'CNY', 100, 'dine-in', 1, '[]' FROM generate_series(1, 5000)`,
      [bund],
    );
    await desk.database.query('ANALYZE visit');
    const plans: string[] = [];
    const explained = {
      query: async (sql: string, values: unknown[]) => {
        const { rows } = await desk.database.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, values);
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        return [];
      },
    };
    await storedVisitsOf(explained as unknown as EntityManager, [memberId, nobody], '2024-01-01', 1_000);
    expect(plans).toHaveLength(1);
    expect(plans[0]).toMatch(/Index Scan( Backward)? using visit_pkey on visit/);
    expect(plans[0]).not.toContain('Seq Scan');
  });
});

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
