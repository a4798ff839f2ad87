import { randomBytes, randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrivacyRequestKind, PrivacyRequestServiceService } from '@regulars/contracts/members/v1/privacy_requests';
import { MemberDataServiceService } from '@regulars/contracts/privacy/v1/privacy';
import { type RpcClient, rpcClient } from '@regulars/service';
import { eventually, type PrincipalClaims, publish, readTopic, startService, tracesOf } from '@regulars/testing';
import { agent, as, Desk, refusalOf, wang } from './desk.js';

const administrator: PrincipalClaims = { sub: 'admin-wu', kind: 'person', roles: ['administrator'] };
const others = ['complaints', 'loyalty', 'notifications', 'surveys'];
const anyMobile = () => `+86134${String(randomInt(100_000_000)).padStart(8, '0')}`;
const key = () => randomBytes(8).toString('hex');
const { EXPORT, ERASURE, RESTRICTION, LIFTING } = PrivacyRequestKind;

describe('What members ask for about their data', () => {
  let desk: Desk;
  let requests: RpcClient<typeof PrivacyRequestServiceService>;
  let data: RpcClient<typeof MemberDataServiceService>;

  const herself = (memberId: string): PrincipalClaims => ({ sub: memberId, kind: 'member' });
  const order = async (memberId: string, kind: PrivacyRequestKind, claims = administrator, idempotencyKey = key()) =>
    (await requests.orderRequest({ memberId, kind, idempotencyKey }, await as(claims))).request!;
  const read = async (requestId: string) =>
    (await requests.getRequest({ requestId }, await as(administrator))).request!;

  /** Another service answers as its own process would. */
  function answer(service: string, request: { requestId: string; memberId: string }, name: string): Promise<void> {
    const payload = { ...request, service, records: 3, answeredAt: new Date().toISOString() };
    const { requestId, memberId, ...rest } = payload;
    return publish(`${desk.service.topicPrefix}regulars.${service}.privacy.v1`, [
      { type: `regulars.privacy.v1.${name}`, key: memberId, payload: { requestId, memberId, ...rest } },
    ]);
  }

  beforeAll(async () => {
    desk = await Desk.open();
    requests = rpcClient(PrivacyRequestServiceService, desk.service.grpcAddress);
    data = rpcClient(MemberDataServiceService, desk.service.grpcAddress);
  });

  afterAll(async () => {
    requests.close();
    data.close();
    await desk.close();
  });

  it('[M6] is done when every service has answered, each with its proof, and has a deadline', async () => {
    const { memberId } = await desk.register({ mobile: anyMobile() });
    const ordered = await order(memberId, EXPORT);
    expect(ordered.dueAt!.getTime() - ordered.requestedAt!.getTime()).toBe(15 * 86_400_000);
    await eventually(async () => {
      const { answers, awaited, doneAt } = await read(ordered.requestId);
      expect(answers).toMatchObject([{ service: 'members', records: 1 }]);
      expect(answers[0]?.sha256).toHaveLength(32);
      expect([awaited, doneAt]).toEqual([others, undefined]);
    });
    for (const service of others) await answer(service, ordered, 'MemberDataFound');
    await eventually(async () => {
      expect(await read(ordered.requestId)).toMatchObject({ awaited: [], doneAt: expect.any(Date) });
    });
  });

  it('[M6] is ordered once at a time, and once for a key', async () => {
    const { memberId } = await desk.register({ mobile: anyMobile() });
    const repeated = key();
    const first = await order(memberId, EXPORT, administrator, repeated);
    expect((await order(memberId, EXPORT, administrator, repeated)).requestId).toBe(first.requestId);
    expect(await refusalOf(order(memberId, EXPORT))).toMatchObject({ code: 'REQUEST_OPEN' });
  });

  it('[M6][M12] is for administrators, and for the member about herself', async () => {
    const one = await desk.register({ mobile: anyMobile() });
    const other = await desk.register({ mobile: anyMobile() });
    expect(await refusalOf(order(one.memberId, EXPORT, agent))).toMatchObject({ code: 'NOT_ALLOWED' });
    expect(await refusalOf(order(one.memberId, EXPORT, herself(other.memberId)))).toMatchObject({
      code: 'NOT_ALLOWED',
    });
    const { requestId } = await order(one.memberId, EXPORT, herself(one.memberId));
    const curious = requests.getRequest({ requestId }, await as(herself(other.memberId)));
    expect(await refusalOf(curious)).toMatchObject({ code: 'REQUEST_UNKNOWN' });
    const request = { memberId: one.memberId, cursor: '' };
    const { records } = await data.readMemberData(request, await as(herself(one.memberId)));
    expect(JSON.parse(records[0] ?? '{}')).toMatchObject({
      kind: 'member',
      memberId: one.memberId,
      person: { mobile: expect.any(String) },
    });
    expect(await refusalOf(data.readMemberData(request, await as(agent)))).toMatchObject({ code: 'NOT_ALLOWED' });
  });

  it('[M6] restricts what is done with the data until the member has it lifted, with a proof of every service', async () => {
    const { memberId } = await desk.register({ mobile: anyMobile() });
    const asHerself = herself(memberId);
    const restrictedSince = async () =>
      (await desk.client.getMember({ memberId, purpose: '' }, await as(agent))).member?.restrictedSince;
    const done = async (kind: PrivacyRequestKind) => {
      const ordered = await order(memberId, kind, asHerself);
      for (const crossed of [RESTRICTION, LIFTING]) {
        expect(await refusalOf(order(memberId, crossed, asHerself))).toMatchObject({ code: 'REQUEST_OPEN' });
      }
      for (const service of others) await answer(service, ordered, 'MemberDataRestricted');
      await eventually(async () => {
        expect(await read(ordered.requestId)).toMatchObject({ kind, awaited: [], doneAt: expect.any(Date) });
      });
      return ordered;
    };
    expect(await refusalOf(order(memberId, LIFTING, asHerself))).toMatchObject({ code: 'NOT_RESTRICTED' });
    const restricted = await done(RESTRICTION);
    expect(await restrictedSince()).toEqual(restricted.requestedAt);
    expect(await refusalOf(order(memberId, RESTRICTION))).toMatchObject({ code: 'ALREADY_RESTRICTED' });
    await done(LIFTING);
    expect(await restrictedSince()).toBeUndefined();
    const orders = await readTopic(`${desk.service.topicPrefix}regulars.members.restriction.v1`);
    const told = orders
      .filter((record) => record.key === memberId)
      .map(({ headers, value }) => ({
        type: headers.ce_type?.split('.').at(-1),
        restricted: (JSON.parse(value ?? '{}') as { restricted?: boolean }).restricted ?? false,
      }));
    expect(told).toEqual([
      { type: 'MemberRestrictionOrdered', restricted: true },
      { type: 'MemberRestrictionOrdered', restricted: false },
    ]);
  });

  it('[M6] destroys the key and the indexes of whoever is erased; a row that belongs to nobody stays', async () => {
    const mobile = anyMobile();
    const person = { ...wang, name: '司徒无名-only-here', mobile, email: `${key()}@erased.example` };
    const { memberId, number } = await desk.register(person);
    const { requestId } = await order(memberId, ERASURE);
    await eventually(async () => {
      expect((await read(requestId)).answers.map(({ service }) => service)).toEqual(['members']);
    });
    const gone = desk.client.getMember({ memberId, purpose: '' }, await as(agent));
    expect(await refusalOf(gone)).toMatchObject({ code: 'MEMBER_UNKNOWN' });
    const byNumber = desk.client.findMember({ by: { $case: 'number', value: number } }, await as(agent));
    expect(await refusalOf(byNumber)).toMatchObject({ code: 'MEMBER_UNKNOWN' });
    expect((await desk.client.resolveMobiles({ mobiles: [mobile] }, await as(agent))).memberIds).toEqual(['']);
    const { rows } = await desk.database.query(
      `SELECT gone_at IS NOT NULL AS gone, num_nonnulls(name_sealed, mobile_sealed, email_sealed, birthday_sealed,
         mobile_index, email_index, code_token_sealed)::int AS left FROM member WHERE member_id = $1`,
      [memberId],
    );
    expect(rows).toEqual([{ gone: true, left: 0 }]);
    const keys = await desk.database.query('SELECT 1 FROM member_key WHERE member_id = $1', [memberId]);
    expect(keys.rows).toEqual([]);
    const everything = [...(await desk.dump()), ...desk.service.logs()].join('\n');
    expect(tracesOf(person.name).filter((trace) => everything.includes(trace))).toEqual([]);
    expect((await desk.register({ mobile })).memberId).not.toBe(memberId);
  });

  it('[M6][O3] is obeyed again before readiness in a database that came from a backup', async () => {
    const mobile = anyMobile();
    const { memberId } = await desk.register({ mobile });
    const saved = await Promise.all(
      ['member', 'member_key'].map(async (table) => {
        const { rows } = await desk.database.query<{ row: string }>(
          `SELECT row_to_json(t)::text AS row FROM ${table} t WHERE member_id = $1`,
          [memberId],
        );
        return { table, row: rows[0]?.row };
      }),
    );
    const { requestId } = await order(memberId, ERASURE);
    await eventually(async () => expect((await read(requestId)).answers).toHaveLength(1));

    // What a backup from before the erasure brings back, in a database under another name.
    await desk.database.query('DELETE FROM erased_member WHERE member_id = $1', [memberId]);
    const columns = ['name_sealed', 'code_token_sealed', 'mobile_sealed', 'mobile_index', 'gone_at'];
    await desk.database.query(
      `UPDATE member SET ${columns.map((column) => `${column} = was.${column}`).join(', ')}
       FROM json_populate_record(NULL::member, $1) AS was WHERE member.member_id = was.member_id`,
      [saved[0]?.row],
    );
    await desk.database.query('INSERT INTO member_key SELECT * FROM json_populate_record(NULL::member_key, $1)', [
      saved[1]?.row,
    ]);
    await desk.database.query(`UPDATE erasures_obeyed SET database = 'another'`);

    const keys = await desk.database.query('SELECT 1 FROM member_key WHERE member_id = $1', [memberId]);
    expect(keys.rows).toHaveLength(1);
    const restored = await startService('members', {
      DATABASE_URL: desk.service.databaseUrl,
      TOPIC_PREFIX: desk.service.topicPrefix,
      ...desk.keys,
    });
    try {
      const left = await desk.database.query('SELECT 1 FROM member_key WHERE member_id = $1', [memberId]);
      expect(left.rows).toEqual([]);
      const lines = restored.logs().filter((line) => line.includes('restrictions of the past'));
      expect(lines).toHaveLength(1);
    } finally {
      await restored.stop();
    }
  });

  it('[M6][O3] is restricted, or free again, before readiness in a database that came from a backup', async () => {
    const [one, other] = [await desk.register({ mobile: anyMobile() }), await desk.register({ mobile: anyMobile() })];
    const ordered = async (memberId: string, kind: PrivacyRequestKind) => {
      const { requestId } = await order(memberId, kind);
      for (const service of others) await answer(service, { requestId, memberId }, 'MemberDataRestricted');
      await eventually(async () => expect((await read(requestId)).awaited).toEqual([]));
    };
    await ordered(one.memberId, RESTRICTION);
    await ordered(other.memberId, RESTRICTION);
    await ordered(other.memberId, LIFTING);

    // A backup from before the first order of one and before the last of the other.
    await desk.database.query('DELETE FROM restricted_member WHERE member_id = $1', [one.memberId]);
    await desk.database.query(
      `UPDATE restricted_member SET since = now() - interval '1 hour', ordered_at = now() - interval '1 hour'
       WHERE member_id = $1`,
      [other.memberId],
    );
    await desk.database.query(`UPDATE erasures_obeyed SET database = 'another'`);
    const restored = await startService('members', {
      DATABASE_URL: desk.service.databaseUrl,
      TOPIC_PREFIX: desk.service.topicPrefix,
      ...desk.keys,
    });
    try {
      const { rows } = await desk.database.query<{ restricted: boolean }>(
        `SELECT since IS NOT NULL AS restricted FROM restricted_member WHERE member_id = ANY ($1::uuid[])
         ORDER BY member_id = $2`,
        [[one.memberId, other.memberId], other.memberId],
      );
      expect(rows).toEqual([{ restricted: true }, { restricted: false }]);
    } finally {
      await restored.stop();
    }
  });
});
