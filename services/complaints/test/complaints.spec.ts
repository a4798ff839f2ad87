import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CaseServiceService,
  CaseState,
  CaseType,
  IntakeChannel,
  type OpenCaseRequest,
  Severity,
} from '@regulars/contracts/complaints/v1/cases';
import { CaseOpened } from '@regulars/contracts/complaints/v1/cases_events';
import { MemberDataServiceService } from '@regulars/contracts/privacy/v1/privacy';
import { type CallOptions, type RpcClient, RpcFailure, rpcClient } from '@regulars/service';
import { eventually, publish, type RunningService, readTopic, signedPrincipal, startService } from '@regulars/testing';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';

const [bund, lujiazui] = [uuidv7(), uuidv7()];
const traceparent = '00-11111111111111111111111111111111-2222222222222222-01';
const words = '等了一个小时，面还是凉的';

describe('The complaints service', () => {
  let service: RunningService;
  let cases: RpcClient<typeof CaseServiceService>;
  let data: RpcClient<typeof MemberDataServiceService>;

  const as = async (sub: string, role: string, stores: '*' | string[] = '*'): Promise<CallOptions> => ({
    principal: await signedPrincipal({ sub, kind: 'person', roles: [role], stores }),
    deadline: Date.now() + 60_000,
    traceparent,
  });

  beforeAll(async () => {
    service = await startService('complaints', { KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64') });
    cases = rpcClient(CaseServiceService, service.grpcAddress);
    data = rpcClient(MemberDataServiceService, service.grpcAddress);
    await publish(`${service.topicPrefix}regulars.stores.store.v1`, [bund, lujiazui].map(storeOpened));
    await eventually(async () => {
      const rows = await sql('SELECT store_id FROM store');
      expect(rows).toHaveLength(2);
    });
  });
  afterAll(async () => {
    cases.close();
    data.close();
    await service.stop();
  });

  it('[C1] [C5] opens a case with a number and a promised time', async () => {
    const before = Date.now();
    const { case: opened, replayed } = await cases.openCase(complaint(), await as('agent-1', 'agent'));
    expect(replayed).toBe(false);
    expect(opened).toMatchObject({
      number: expect.stringMatching(/^\d{7,}$/),
      memberId: '',
      storeId: bund,
      type: CaseType.COMPLAINT,
      severity: Severity.NORMAL,
      channel: IntakeChannel.PHONE,
      state: CaseState.RECEIVED,
      text: words,
    });
    const receivedMs = opened?.receivedAt?.getTime() ?? 0;
    expect(receivedMs).toBeGreaterThanOrEqual(before);
    expect(opened?.respondBy?.getTime()).toBe(receivedMs + 24 * 3_600_000);
  });

  it('[C4] announces the case under its own key, with the trace and without the guest’s words', async () => {
    const { case: opened } = await cases.openCase(complaint({ memberId: uuidv7() }), await as('agent-1', 'agent'));
    const record = await eventually(async () => {
      const records = await readTopic(`${service.topicPrefix}regulars.complaints.case.v1`);
      const mine = records.find(({ key }) => key === opened?.caseId);
      if (!mine) throw new Error('the event is not there yet');
      return mine;
    });
    expect(record.headers).toMatchObject({
      ce_type: 'regulars.complaints.v1.CaseOpened',
      ce_source: '/regulars/complaints',
      ce_subject: opened?.number,
      traceparent: expect.stringContaining('11111111111111111111111111111111'),
    });
    const { text: _words, state: _state, happenedAt: _happenedAt, ...told } = opened!;
    expect(CaseOpened.fromJSON(JSON.parse(record.value ?? ''))).toEqual(told);
    expect(record.value).not.toContain('面');
  });

  it('[C1] answers a repeated request with the first answer, and stores the words nowhere else', async () => {
    const request = complaint({ happenedAt: new Date(Date.now() - 3_600_000) });
    const principal = await as('agent-1', 'agent');
    const first = await cases.openCase(request, principal);
    const second = await cases.openCase(request, principal);
    expect(second).toEqual({ ...first, replayed: true });
    expect(await sql('SELECT 1 FROM idempotency WHERE result::text LIKE $1', ['%面%'])).toEqual([]);
    expect(await sql('SELECT 1 FROM outbox WHERE aggregateid = $1', [first.case?.caseId])).toHaveLength(1);
  });

  it('[C1] opens one case where the same request comes ten times at once', async () => {
    const request = complaint();
    const principal = await as('agent-1', 'agent');
    const answers = await Promise.all(Array.from({ length: 10 }, () => cases.openCase(request, principal)));
    expect(new Set(answers.map((answer) => answer.case?.caseId)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  });

  it('[C1] refuses the same key with another body', async () => {
    const request = complaint();
    await cases.openCase(request, await as('agent-1', 'agent'));
    await expectRefusal(
      cases.openCase({ ...request, text: 'other' }, await as('agent-1', 'agent')),
      'IDEMPOTENCY_KEY_REUSED',
    );
  });

  it('[C3] refuses a store that nobody told of, and writes nothing', async () => {
    const request = complaint({ storeId: uuidv7() });
    const problem = await expectRefusal(cases.openCase(request, await as('agent-1', 'agent')), 'STORE_UNKNOWN');
    expect(problem.faults.map(({ pointer }) => pointer)).toEqual(['/storeId']);
    expect(await sql('SELECT 1 FROM idempotency WHERE key = $1', [request.idempotencyKey])).toEqual([]);
  });

  it('[C3] tells every fault of a malformed request', async () => {
    const request = complaint({
      storeId: 'Bund',
      text: '',
      type: CaseType.UNSPECIFIED,
      happenedAt: new Date('2999-01-01'),
    });
    const problem = await expectRefusal(cases.openCase(request, await as('agent-1', 'agent')), 'MALFORMED');
    expect(problem.faults.map(({ pointer }) => pointer)).toEqual(['/storeId', '/type', '/text', '/happenedAt']);
  });

  it('[O4] lets people act for their own stores only', async () => {
    const manager = await as('manager-2', 'store-manager', [lujiazui]);
    await expectRefusal(cases.openCase(complaint(), manager), 'STORE_NOT_ALLOWED');
    const { case: elsewhere } = await cases.openCase(complaint(), await as('agent-1', 'agent'));
    const here = await cases.openCase(complaint({ storeId: lujiazui }), manager);
    await expectRefusal(cases.getCase(byId(elsewhere?.caseId), manager), 'CASE_UNKNOWN');
    await expectRefusal(
      cases.listCases({ storeId: bund, memberId: '', page: undefined }, manager),
      'STORE_NOT_ALLOWED',
    );
    const list = await cases.listCases({ storeId: '', memberId: '', page: undefined }, manager);
    expect(list.cases).toEqual([here.case]);
  });

  it('[C3] shows the guest’s words to those who answer for the case, to others all but the words', async () => {
    const { case: opened } = await cases.openCase(complaint(), await as('cashier-1', 'cashier'));
    expect(opened?.text).toBe('');
    const asManager = await cases.getCase(byId(opened?.caseId), await as('manager-1', 'store-manager', [bund]));
    const asFinance = await cases.getCase(byId(opened?.caseId), await as('finance-1', 'finance'));
    expect(asManager.case).toEqual({ ...opened, text: words });
    expect(asFinance.case).toEqual(opened);
  });

  it('[C4] finds a case by the number that the guest was told, and none by a mistyped one', async () => {
    const agent = await as('agent-1', 'agent');
    const { case: opened } = await cases.openCase(complaint(), agent);
    const number = opened?.number ?? '';
    const found = await cases.getCase({ by: { $case: 'number', value: number } }, agent);
    expect(found.case).toEqual(opened);
    const mistyped = number.slice(0, -1) + String((Number(number.at(-1)) + 1) % 10);
    await expectRefusal(cases.getCase({ by: { $case: 'number', value: mistyped } }, agent), 'CASE_UNKNOWN');
  });

  it('[C3] lists a member’s cases page by page, newest first', async () => {
    const agent = await as('agent-1', 'agent');
    const memberId = uuidv7();
    const opened: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const { case: one } = await cases.openCase(complaint({ memberId }), agent);
      opened.unshift(one?.caseId ?? '');
    }
    const listed: string[] = [];
    let cursor = '';
    do {
      const page = await cases.listCases({ storeId: '', memberId, page: { limit: 2, cursor } }, agent);
      expect(page.cases.length).toBeLessThanOrEqual(2);
      listed.push(...page.cases.map(({ caseId }) => caseId));
      cursor = page.nextCursor;
    } while (cursor);
    expect([...listed].sort().reverse()).toEqual(listed);
    expect(new Set(listed)).toEqual(new Set(opened));
    const stranger = Buffer.from('["x"]').toString('base64url');
    for (const wrong of ['nonsense', stranger]) {
      const asked = cases.listCases({ storeId: '', memberId, page: { limit: 2, cursor: wrong } }, agent);
      await expectRefusal(asked, 'MALFORMED');
    }
  });

  it('[M12] shows a member her own cases with her words, and to her those of others are not there', async () => {
    const agent = await as('agent-1', 'agent');
    const [mine, others] = [uuidv7(), uuidv7()];
    const own = await cases.openCase(complaint({ memberId: mine }), agent);
    const foreign = await cases.openCase(complaint({ memberId: others }), agent);
    const nobodys = await cases.openCase(complaint(), agent);
    const principal = await signedPrincipal({ sub: mine, kind: 'member', roles: [], stores: '*' });
    const member = { principal, deadline: Date.now() + 60_000, traceparent };
    expect((await cases.getCase(byId(own.case?.caseId), member)).case).toEqual({ ...own.case, text: words });
    for (const one of [foreign, nobodys]) {
      await expectRefusal(cases.getCase(byId(one.case?.caseId), member), 'CASE_UNKNOWN');
      const byNumber = { $case: 'number' as const, value: one.case?.number ?? '' };
      await expectRefusal(cases.getCase({ by: byNumber }, member), 'CASE_UNKNOWN');
    }
    for (const memberId of [mine, others, '']) {
      const listed = await cases.listCases({ storeId: '', memberId, page: undefined }, member);
      expect(listed.cases).toEqual([{ ...own.case, text: words }]);
    }
  });

  it('[M5] lists and exports cases of whom was merged into a member as hers, until the merge is undone', async () => {
    const agent = await as('agent-1', 'agent');
    const [survivorId, mergedId] = [uuidv7(), uuidv7()];
    const merge = { mergeId: uuidv7(), survivorId, mergedId };
    const tell = (name: string) =>
      publish(
        `${service.topicPrefix}regulars.members.member.v1`,
        [survivorId, mergedId].map((key) => ({ type: `regulars.members.v1.${name}`, key, payload: merge })),
      );
    const own = (await cases.openCase(complaint({ memberId: survivorId }), agent)).case!;
    const others = (await cases.openCase(complaint({ memberId: mergedId }), agent)).case!;
    const principal = await signedPrincipal({ sub: survivorId, kind: 'member', roles: [], stores: '*' });
    const member = { principal, deadline: Date.now() + 60_000 };
    const administrator = await as('administrator-1', 'administrator');
    const listed = async (call: CallOptions) =>
      (await cases.listCases({ storeId: '', memberId: survivorId, page: undefined }, call)).cases;
    const exported = async (memberId: string) =>
      (await data.readMemberData({ memberId, cursor: '' }, administrator)).records.map(
        (record) => (JSON.parse(record) as { caseId: string }).caseId,
      );
    expect(await listed(agent)).toEqual([own]);

    await tell('MembersMerged');
    await eventually(async () => expect(await listed(agent)).toEqual([others, own]));
    expect(await listed(member)).toEqual([others, own]);
    expect((await cases.getCase(byId(others.caseId), member)).case).toEqual(others);
    expect([await exported(survivorId), await exported(mergedId)]).toEqual([
      [own.caseId, others.caseId],
      [others.caseId],
    ]);

    await tell('MembersUnmerged');
    await eventually(async () => expect(await listed(agent)).toEqual([own]));
    await expectRefusal(cases.getCase(byId(others.caseId), member), 'CASE_UNKNOWN');
    expect(await exported(survivorId)).toEqual([own.caseId]);
  });

  it('[M6] writes none of the guest’s words to its log', () => {
    expect(service.logs().join('\n')).not.toContain('面');
  });

  async function sql(text: string, values: unknown[] = []): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: service.databaseUrl });
    await client.connect();
    try {
      return (await client.query<object>(text, values)).rows;
    } finally {
      await client.end();
    }
  }
});

function complaint(change: Partial<OpenCaseRequest> = {}): OpenCaseRequest {
  return {
    idempotencyKey: uuidv7(),
    memberId: '',
    storeId: bund,
    type: CaseType.COMPLAINT,
    severity: Severity.UNSPECIFIED,
    channel: IntakeChannel.PHONE,
    text: words,
    happenedAt: undefined,
    ...change,
  };
}

function storeOpened(storeId: string) {
  const store = { storeId, code: 'BUND', timeZone: 'Asia/Shanghai' };
  return { type: 'regulars.stores.v1.StoreChanged', key: storeId, payload: { store, version: '1' } };
}

function byId(caseId = '') {
  return { by: { $case: 'caseId' as const, value: caseId } };
}

async function expectRefusal(call: Promise<unknown>, code: string) {
  const failure = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof RpcFailure) || !failure.problem) throw new Error(`no refusal but ${String(failure)}`);
  expect(failure.problem.code).toBe(code);
  return failure.problem;
}
