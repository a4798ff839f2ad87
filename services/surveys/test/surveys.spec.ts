import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CaseType } from '@regulars/contracts/complaints/v1/cases';
import { CaseOpened } from '@regulars/contracts/complaints/v1/cases_events';
import { PointsEarned } from '@regulars/contracts/loyalty/v1/points_events';
import { MemberDataServiceService } from '@regulars/contracts/privacy/v1/privacy';
import { FollowUpServiceService, FollowUpState } from '@regulars/contracts/surveys/v1/followups';
import { FollowUpDue, FollowUpPlanned } from '@regulars/contracts/surveys/v1/followups_events';
import { type RpcClient, rpcClient } from '@regulars/service';
import { eventually, publish, type RunningService, readTopic, signedPrincipal, startService } from '@regulars/testing';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';

const bund = uuidv7();
const hourMs = 3_600_000;
/** Where it is about 14 o'clock now, whenever the test runs: what is due is asked at once. */
const offset = ((14 - new Date().getUTCHours() + 12 + 24) % 24) - 12;
const timeZone = `Etc/GMT${offset > 0 ? '-' : '+'}${Math.abs(offset)}`;

describe('The surveys service', () => {
  let service: RunningService;
  let rpc: RpcClient<typeof FollowUpServiceService>;
  let data: RpcClient<typeof MemberDataServiceService>;
  let database: pg.Client;

  const topic = (name: string) => `${service.topicPrefix}regulars.${name}.v1`;
  const list = async (memberId: string, stores: '*' | string[] = '*', cursor = '') =>
    rpc.listFollowUps(
      { memberId, page: { limit: 0, cursor } },
      {
        principal: await signedPrincipal({ sub: 'agent-1', kind: 'person', roles: ['agent'], stores }),
        deadline: Date.now() + 60_000,
      },
    );
  const only = (memberId: string, state: FollowUpState) =>
    eventually(async () => {
      const { followUps } = await list(memberId);
      expect(followUps.map((followUp) => followUp.state)).toEqual([state]);
      return followUps[0]!;
    });
  const announced = (memberId: string, howMany: number) =>
    eventually(async () => {
      const records = (await readTopic(topic('surveys.followup'))).filter(({ key }) => key === memberId);
      expect(records).toHaveLength(howMany);
      return records.map(({ headers, value }) => ({
        type: headers.ce_type,
        payload: JSON.parse(value ?? '') as object,
      }));
    });

  beforeAll(async () => {
    service = await startService('surveys');
    rpc = rpcClient(FollowUpServiceService, service.grpcAddress);
    data = rpcClient(MemberDataServiceService, service.grpcAddress);
    database = new pg.Client({ connectionString: service.databaseUrl });
    await database.connect();
    const store = { storeId: bund, timeZone };
    await publish(topic('stores.store'), [
      { type: 'regulars.stores.v1.StoreChanged', key: bund, payload: { store, version: '1' } },
    ]);
  });
  afterAll(async () => {
    rpc.close();
    data.close();
    await database.end();
    await service.stop();
  });

  it('[S4] plans a follow-up after a purchase and tells so', async () => {
    const memberId = uuidv7();
    await publish(topic('loyalty.points'), [pointsEarned(memberId, Date.now())]);
    const planned = await only(memberId, FollowUpState.PLANNED);
    const waitMs = (planned.dueAt?.getTime() ?? 0) - Date.now();
    expect(waitMs).toBeGreaterThan(20 * hourMs);
    expect(waitMs).toBeLessThan(7 * 24 * hourMs);
    const { state: _state, ...told } = planned;
    const payload = FollowUpPlanned.toJSON(told);
    expect(await announced(memberId, 1)).toEqual([{ type: 'regulars.surveys.v1.FollowUpPlanned', payload }]);
  });

  it('[S4] tells when the time to ask has come, once, though the purchase was heard twice', async () => {
    const memberId = uuidv7();
    const yesterday = pointsEarned(memberId, Date.now() - 25 * hourMs);
    await publish(topic('loyalty.points'), [yesterday, yesterday]);
    const due = await only(memberId, FollowUpState.DUE);
    const [, second] = await announced(memberId, 2);
    expect(second).toEqual({
      type: 'regulars.surveys.v1.FollowUpDue',
      payload: FollowUpDue.toJSON({ followUpId: due.followUpId, memberId, storeId: bund }),
    });
  });

  it('[S4] leaves alone who has an open complaint, and asks who praised', async () => {
    const [complaining, praising] = [uuidv7(), uuidv7()];
    await publish(topic('complaints.case'), [
      caseOpened(complaining, CaseType.COMPLAINT),
      caseOpened(praising, CaseType.PRAISE),
      caseOpened('', CaseType.COMPLAINT),
    ]);
    const purchases = [complaining, praising].map((memberId) => pointsEarned(memberId, Date.now() - 25 * hourMs));
    // The two topics are read side by side, and it is the complaint that has to be heard first.
    await eventually(async () => {
      const { rows } = await database.query('SELECT member_id FROM open_complaint');
      expect(rows).toEqual([{ member_id: complaining }]);
    });
    await publish(topic('loyalty.points'), purchases);
    await only(praising, FollowUpState.DUE);
    expect((await list(complaining)).followUps).toEqual([]);
  });

  it('[M5] lists and exports follow-ups of whom was merged into a member as hers, until the merge is undone', async () => {
    const [survivorId, mergedId] = [uuidv7(), uuidv7()];
    const tell = (name: string) =>
      publish(
        topic('members.member'),
        [survivorId, mergedId].map((key) => ({
          type: `regulars.members.v1.${name}`,
          key,
          payload: { mergeId: survivorId, survivorId, mergedId },
        })),
      );
    const exported = async () => {
      const principal = await signedPrincipal({ sub: 'a-1', kind: 'person', roles: ['administrator'], stores: '*' });
      const call = { principal, deadline: Date.now() + 60_000 };
      return (await data.readMemberData({ memberId: survivorId, cursor: '' }, call)).records.length;
    };
    await publish(topic('loyalty.points'), [pointsEarned(mergedId, Date.now())]);
    const { followUpId } = await only(mergedId, FollowUpState.PLANNED);
    await tell('MembersMerged');
    expect(await only(survivorId, FollowUpState.PLANNED)).toMatchObject({ followUpId, memberId: mergedId });
    expect(await exported()).toBe(1);
    await tell('MembersUnmerged');
    await eventually(async () => expect((await list(survivorId)).followUps).toEqual([]));
    expect([await exported(), (await list(mergedId)).followUps.length]).toEqual([0, 1]);
  });

  it('[O4] shows follow-ups of the principal’s stores only, and refuses what is malformed', async () => {
    const memberId = uuidv7();
    await publish(topic('loyalty.points'), [pointsEarned(memberId, Date.now())]);
    await only(memberId, FollowUpState.PLANNED);
    expect((await list(memberId, [uuidv7()])).followUps).toEqual([]);
    expect((await list(memberId, [bund])).followUps).toHaveLength(1);
    await expect(list('Wang')).rejects.toMatchObject({ problem: { faults: [{ pointer: '/memberId' }] } });
    await expect(list(memberId, '*', 'nonsense')).rejects.toMatchObject({ problem: { code: 'MALFORMED' } });
  });
});

function pointsEarned(memberId: string, rungAtMs: number) {
  const payload = PointsEarned.toJSON(
    PointsEarned.fromPartial({
      entryId: uuidv7(),
      memberId,
      purchaseId: uuidv7(),
      receipt: { storeId: bund, tillId: uuidv7(), businessDate: '2026-05-04', receiptNumber: '17' },
      rungAt: new Date(rungAtMs),
    }),
  ) as object;
  return { id: uuidv7(), type: 'regulars.loyalty.v1.PointsEarned', key: memberId, payload };
}

function caseOpened(memberId: string, type: CaseType) {
  const caseId = uuidv7();
  const payload = CaseOpened.toJSON(CaseOpened.fromPartial({ caseId, memberId, storeId: bund, type })) as object;
  return { type: 'regulars.complaints.v1.CaseOpened', key: caseId, payload };
}
