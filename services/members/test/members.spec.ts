import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Member,
  MemberNature,
  MemberServiceService,
  type Person,
  type RegisterMemberRequest,
  RegistrationChannel,
} from '@regulars/contracts/members/v1/members';
import { MemberRegistered } from '@regulars/contracts/members/v1/members_events';
import { type RpcClient, RpcFailure, rpcClient } from '@regulars/service';
import {
  eventually,
  type PrincipalClaims,
  type RunningService,
  readTopic,
  signedPrincipal,
  startService,
  type TopicRecord,
} from '@regulars/testing';
import pg from 'pg';
import { isMemberNumber } from '../src/members/numbers.js';
import { hashesOf, tracesOf } from './traces.js';

const bund = '019a9f3e-0000-7000-8000-000000000001';
const xuhui = '019a9f3e-0000-7000-8000-000000000002';
const nobody = '019a9f3e-0000-7000-8000-ffffffffffff';
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const agent: PrincipalClaims = { sub: 'agent-zhao', kind: 'person', roles: ['agent'] };
const cashier: PrincipalClaims = { sub: 'cashier-qian', kind: 'person', roles: ['cashier'], stores: [bund] };
const till: PrincipalClaims = { sub: 'till-1', kind: 'till', stores: [bund] };
const notifications: PrincipalClaims = { sub: 'notifications', kind: 'service' };

describe('Members as the service keeps them', () => {
  let service: RunningService;
  let client: RpcClient<typeof MemberServiceService>;
  let database: pg.Client;
  const wang = {
    name: '王小明',
    mobile: '+8613800138001',
    email: 'wang.xiaoming@guests.example',
    birthday: { month: 2, day: 29, year: 1996 },
  };
  let registered: Member;

  async function as(claims: PrincipalClaims, signer: 'gateway' | 'notifications' = 'gateway') {
    return { principal: await signedPrincipal(claims, signer), deadline: Date.now() + 10_000, traceparent };
  }

  function registrationOf(person: Partial<Person>, key = randomBytes(8).toString('hex')): RegisterMemberRequest {
    const channel = RegistrationChannel.STORE_DESK;
    const accepted = { version: '2026-05', channel, acceptedAt: new Date('2026-03-01T08:00:00.123Z') };
    return {
      idempotencyKey: key,
      person: { name: '李娜', mobile: '', email: '', birthday: undefined, ...person },
      nature: MemberNature.UNSPECIFIED,
      language: 'zh-CN',
      homeStoreId: bund,
      channel,
      acceptances: [
        { notice: 'benefits', ...accepted },
        { notice: 'privacy', ...accepted },
      ],
    };
  }

  async function register(person: Partial<Person>): Promise<Member> {
    const { member } = await client.registerMember(registrationOf(person), await as(agent));
    return member as Member;
  }

  async function refusalOf(call: Promise<unknown>): Promise<{ code: string | undefined; pointers: string[] }> {
    const failure = await call.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(failure instanceof RpcFailure)) throw new Error('it was not refused', { cause: failure });
    return { code: failure.problem?.code, pointers: (failure.problem?.faults ?? []).map((fault) => fault.pointer) };
  }

  async function eventsOf(memberId: string): Promise<TopicRecord[]> {
    const records = await readTopic(`${service.topicPrefix}regulars.members.member.v1`);
    return records.filter((record) => record.key === memberId);
  }

  async function accessLog(memberId: string): Promise<object[]> {
    const { rows } = await database.query<object>(
      'SELECT principal, kind, roles, fields, purpose, trace_id FROM access_log WHERE member_id = $1 ORDER BY entry',
      [memberId],
    );
    return rows;
  }

  beforeAll(async () => {
    service = await startService('members');
    client = rpcClient(MemberServiceService, service.grpcAddress);
    database = new pg.Client({ connectionString: service.databaseUrl });
    await database.connect();
    registered = await register(wang);
  }, 60_000);

  afterAll(async () => {
    client.close();
    await database.end();
    await service.stop();
  });

  it('[M1] registers a person and tells the number, the code for tills and what was accepted', () => {
    expect(isMemberNumber(registered.number)).toBe(true);
    expect(registered.codeToken).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(registered).toMatchObject({ nature: MemberNature.INDIVIDUAL, language: 'zh-CN', homeStoreId: bund });
    const accepted = {
      version: '2026-05',
      channel: RegistrationChannel.STORE_DESK,
      acceptedAt: new Date('2026-03-01T08:00:00.123Z'),
    };
    expect(registered.acceptances).toEqual([
      { notice: 'benefits', ...accepted },
      { notice: 'privacy', ...accepted },
    ]);
  });

  it('[M6] tells even whoever registers a person only what is masked', () => {
    expect(registered.masked).toBe(true);
    expect(registered.person).toEqual({
      name: '王**',
      mobile: '+86138****8001',
      email: 'w***@g***.example',
      birthday: { month: 2, day: 0, year: 0 },
    });
  });

  it('[M1] tells everyone of a new member by ids, with the hash of the code token', async () => {
    const [record] = await eventually(async () => {
      const found = await eventsOf(registered.memberId);
      expect(found).toHaveLength(1);
      return found;
    }, 20_000);
    expect(MemberRegistered.fromJSON(JSON.parse(record?.value ?? ''))).toEqual({
      memberId: registered.memberId,
      number: registered.number,
      codeTokenSha256: createHash('sha256').update(registered.codeToken).digest(),
      nature: MemberNature.INDIVIDUAL,
      language: 'zh-CN',
      homeStoreId: bund,
      channel: RegistrationChannel.STORE_DESK,
      registeredAt: registered.registeredAt,
    });
    expect(record?.headers).toMatchObject({
      ce_type: 'regulars.members.v1.MemberRegistered',
      ce_source: '/regulars/members',
    });
  });

  it('[M1] answers the first answer when a registration is repeated with its key, and registers nobody', async () => {
    const request = registrationOf({ mobile: '+8613800138002' });
    const first = await client.registerMember(request, await as(agent));
    const again = await client.registerMember(request, await as(agent));
    expect(first.replayed).toBe(false);
    expect(again).toEqual({ member: first.member, replayed: true });
    const told = () => eventsOf(first.member?.memberId ?? '');
    await eventually(async () => (await told()).length > 0, 20_000);
    expect(await told()).toHaveLength(1);
  });

  it('[M1] refuses another registration under a key that was used', async () => {
    const request = registrationOf({ mobile: '+8613800138003' });
    await client.registerMember(request, await as(agent));
    const other = client.registerMember({ ...request, language: 'en' }, await as(agent));
    expect(await refusalOf(other)).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('[M1] refuses a registration for a store that the principal does not act for', async () => {
    const request = { ...registrationOf({ mobile: '+8613800138004' }), homeStoreId: xuhui };
    expect(await refusalOf(client.registerMember(request, await as(cashier)))).toMatchObject({
      code: 'STORE_OUT_OF_SCOPE',
    });
  });

  it('[M1] tells every fault of a registration at once and registers nobody', async () => {
    const request = registrationOf({ name: '', mobile: '138', birthday: { month: 2, day: 30, year: 0 } });
    const faulty = { ...request, language: 'fr', acceptances: [] };
    expect(await refusalOf(client.registerMember(faulty, await as(agent)))).toEqual({
      code: 'MALFORMED',
      pointers: ['/person/name', '/person/mobile', '/person/birthday', '/language', '/acceptances', '/acceptances'],
    });
  });

  it('[M2] has one member for a mobile and one for an e-mail, however they are written', async () => {
    const sameMobile = client.registerMember(registrationOf({ mobile: '+86 138 0013 8001' }), await as(agent));
    expect(await refusalOf(sameMobile)).toMatchObject({ code: 'MOBILE_TAKEN' });
    const email = 'Wang.Xiaoming@GUESTS.example';
    const sameEmail = client.registerMember(registrationOf({ mobile: '+8613800138005', email }), await as(agent));
    expect(await refusalOf(sameEmail)).toMatchObject({ code: 'EMAIL_TAKEN' });
  });

  it('[M2] registers one member when ten register the same mobile at once, and refuses the others', async () => {
    const caller = await as(agent);
    const calls = Array.from({ length: 10 }, () =>
      client.registerMember(registrationOf({ mobile: '+8613800138006' }), caller),
    );
    const results = await Promise.allSettled(calls);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ problem: { code: 'MOBILE_TAKEN' } });
    }
  });

  it('[M1] registers one member when the same call arrives ten times at once, and answers all the same', async () => {
    const caller = await as(agent);
    const request = registrationOf({ mobile: '+8613800138007' });
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.registerMember(request, caller)));
    expect(new Set(answers.map((answer) => answer.member?.memberId)).size).toBe(1);
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);
  });

  it('[M4] finds a member by number, code token, mobile and e-mail, masked', async () => {
    const { codeToken, ...found } = registered;
    const references = [
      { $case: 'number', value: registered.number },
      { $case: 'codeToken', value: codeToken },
      { $case: 'mobile', value: '+86 138-0013-8001' },
      { $case: 'email', value: ' WANG.xiaoming@guests.example' },
    ] as const;
    for (const by of references) {
      expect(await client.findMember({ by }, await as(till))).toEqual({ member: { ...found, codeToken: '' } });
    }
  });

  it('[M4] tells what nobody has apart from what was mistyped', async () => {
    const unknown = [
      { $case: 'codeToken', value: 'AAAAAAAAAAAAAAAAAAAAAA' },
      { $case: 'mobile', value: '+8613900000000' },
      { $case: 'email', value: 'nobody@guests.example' },
    ] as const;
    for (const by of unknown) {
      expect(await refusalOf(client.findMember({ by }, await as(till)))).toMatchObject({ code: 'MEMBER_UNKNOWN' });
    }
    const mistyped = [
      [
        { $case: 'number', value: registered.number.replace(/.$/, (digit) => String((Number(digit) + 1) % 10)) },
        '/number',
      ],
      [{ $case: 'mobile', value: '13800138001' }, '/mobile'],
      [{ $case: 'email', value: 'wang' }, '/email'],
      [undefined, ''],
    ] as const;
    for (const [by, pointer] of mistyped) {
      const refused = await refusalOf(client.findMember({ by }, await as(till)));
      expect(refused).toEqual({ code: 'MALFORMED', pointers: [pointer] });
    }
  });

  it('[M4] turns mobiles into members in the order asked, empty where nobody has one', async () => {
    const mobiles = ['+8613900000000', '+8613800138001', 'nonsense', '+86 138 0013 8001'];
    const { memberIds } = await client.resolveMobiles({ mobiles }, await as(till));
    expect(memberIds).toEqual(['', registered.memberId, '', registered.memberId]);
    expect(await client.resolveMobiles({ mobiles: [] }, await as(till))).toEqual({ memberIds: [] });
    const tooMany = client.resolveMobiles({ mobiles: Array<string>(257).fill('+8613800138001') }, await as(till));
    expect(await refusalOf(tooMany)).toEqual({ code: 'MALFORMED', pointers: ['/mobiles'] });
  });

  it('[M6] masks a member unless role and purpose allow, and leaves no line for that', async () => {
    const member = await register({ ...wang, mobile: '+8613800138010', email: '' });
    const { memberId } = member;
    const masked = { member: { ...member, codeToken: '' } };
    expect(await client.getMember({ memberId, purpose: '' }, await as(agent))).toEqual(masked);
    expect(await client.getMember({ memberId, purpose: 'guest-contact' }, await as(cashier))).toEqual(masked);
    expect(await client.getMember({ memberId, purpose: 'audit' }, await as(agent))).toEqual(masked);
    expect(await accessLog(memberId)).toEqual([]);
  });

  it('[M6] shows clear data to a role with a purpose, and every such read leaves its line', async () => {
    const member = await register({ ...wang, mobile: '+8613800138011', email: 'wang.11@guests.example' });
    const { memberId } = member;
    const read = { memberId, purpose: 'guest-contact' };
    const clear = { ...wang, mobile: '+8613800138011', email: 'wang.11@guests.example' };
    expect(await client.getMember(read, await as(agent))).toEqual({
      member: { ...member, person: clear, masked: false },
    });
    await client.getMember(read, await as(agent));
    const line = {
      principal: 'agent-zhao',
      kind: 'person',
      roles: ['agent'],
      fields: ['code_token', 'name', 'mobile', 'email', 'birthday'],
      purpose: 'guest-contact',
      trace_id: traceparent.slice(3, 35),
    };
    expect(await accessLog(memberId)).toEqual([line, line]);
  });

  it('[M6] refuses a purpose that is not in the table, and a member that is not there', async () => {
    const curious = client.getMember({ memberId: registered.memberId, purpose: 'curiosity' }, await as(agent));
    expect(await refusalOf(curious)).toEqual({ code: 'MALFORMED', pointers: ['/purpose'] });
    for (const memberId of [nobody, 'wang', '']) {
      const unknown = client.getMember({ memberId, purpose: '' }, await as(agent));
      expect(await refusalOf(unknown)).toMatchObject({ code: 'MEMBER_UNKNOWN' });
    }
  });

  it('[M6] tells services where to reach members, with a line for each', async () => {
    const one = await register({ mobile: '+8613800138012' });
    const two = await register({ name: 'Emma Fischer', email: 'emma@guests.example' });
    const memberIds = [one.memberId, two.memberId, nobody];
    const purpose = 'message:points-earned';
    const { contacts } = await client.getContacts({ memberIds, purpose }, await as(notifications, 'notifications'));
    expect(contacts.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1))).toEqual([
      { memberId: one.memberId, name: '李娜', mobile: '+8613800138012', email: '', language: 'zh-CN' },
      { memberId: two.memberId, name: 'Emma Fischer', mobile: '', email: 'emma@guests.example', language: 'zh-CN' },
    ]);
    const line = { principal: 'notifications', kind: 'service', fields: ['name', 'mobile', 'email'], purpose };
    expect(await accessLog(two.memberId)).toMatchObject([line]);
    expect(await accessLog(nobody)).toEqual([]);
  });

  it('[M6] tells contacts to no person and for no nameless purpose', async () => {
    const request = { memberIds: [registered.memberId], purpose: 'message:points-earned' };
    expect(await refusalOf(client.getContacts(request, await as(agent)))).toMatchObject({ code: 'SERVICES_ONLY' });
    const nameless = { memberIds: ['wang'], purpose: '' };
    const refused = await refusalOf(client.getContacts(nameless, await as(notifications, 'notifications')));
    expect(refused).toEqual({ code: 'MALFORMED', pointers: ['/memberIds/0', '/purpose'] });
    expect(await accessLog(registered.memberId)).toEqual([]);
  });

  it('[M6] leaves no clear personal data in any table, topic or log', async () => {
    const person = {
      name: '欧阳若兮-only-here',
      mobile: '+8613912345678',
      email: 'ouyang.ruoxi@secret-domain.example',
      birthday: { month: 11, day: 23, year: 1987 },
    };
    const request = registrationOf(person);
    const { member } = await client.registerMember(request, await as(agent));
    const memberId = member?.memberId ?? '';
    const codeToken = member?.codeToken ?? '';
    await client.registerMember(request, await as(agent));
    await client.getMember({ memberId, purpose: 'guest-contact' }, await as(agent));
    await client.findMember({ by: { $case: 'mobile', value: person.mobile } }, await as(till));
    await client.getContacts(
      { memberIds: [memberId], purpose: 'message:welcome' },
      await as(notifications, 'notifications'),
    );
    await refusalOf(client.registerMember(registrationOf({ ...person, birthday: undefined }), await as(agent)));
    await refusalOf(
      client.registerMember(registrationOf({ ...person, birthday: { month: 2, day: 30, year: 0 } }), await as(agent)),
    );
    const records = await eventually(async () => {
      const found = await eventsOf(memberId);
      expect(found).toHaveLength(1);
      return found;
    }, 20_000);

    const { rows: tables } = await database.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'members'::regnamespace AND relkind IN ('r', 'p')`,
    );
    const dump: string[] = [];
    for (const { name } of tables) {
      const { rows } = await database.query<{ line: string }>(`SELECT t::text AS line FROM "${name}" AS t`);
      dump.push(...rows.map((row) => row.line));
    }
    expect(dump.some((line) => line.includes(memberId))).toBe(true);
    const everything = [...dump, JSON.stringify(records), ...service.logs()].join('\n');
    const { name, mobile, email } = person;
    const clear = [name, '若兮', mobile, '13912345678', email, 'secret-domain', '1987-11-23'];
    const traces = [...clear.flatMap((value) => [...tracesOf(value), ...hashesOf(value)]), ...tracesOf(codeToken)];
    expect(traces.filter((trace) => everything.includes(trace))).toEqual([]);
  });

  it('[M6] finds clear data that stands in a table as hex or base64, so that the search above is believed', () => {
    const secret = '+8613912345678';
    const hidden = [
      secret,
      `\\x00${Buffer.from(secret).toString('hex')}`,
      ...['', 'a', 'ab'].map((before) => Buffer.from(`${before}${secret} and more`).toString('base64')),
      createHash('sha256').update(secret).digest('hex'),
      createHash('sha256').update(secret).digest('base64'),
    ];
    for (const text of hidden)
      expect([...tracesOf(secret), ...hashesOf(secret)].some((trace) => text.includes(trace))).toBe(true);
  });
});
