import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Member, MemberNature, RegistrationChannel } from '@regulars/contracts/members/v1/members';
import { MemberRegistered } from '@regulars/contracts/members/v1/members_events';
import { eventually } from '@regulars/testing';
import { isMemberNumber } from '../src/members/numbers.js';
import { agent, as, bund, cashier, Desk, refusalOf, registrationOf, till, wang, xuhui } from './desk.js';

describe('Members as the service keeps them', () => {
  let desk: Desk;
  let registered: Member;

  beforeAll(async () => {
    desk = await Desk.open();
    registered = await desk.register(wang);
  });

  afterAll(() => desk.close());

  it('[M1] registers a person and tells the number, the code for tills and what was accepted', () => {
    expect(isMemberNumber(registered.number)).toBe(true);
    expect(registered.codeToken).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(registered).toMatchObject({ nature: MemberNature.INDIVIDUAL, language: 'zh-CN', homeStoreId: bund });
    const accepted = {
      version: '2026-05',
      channel: RegistrationChannel.STORE_DESK,
      acceptedAt: new Date('2026-03-01T08:00:00.123Z'),
      recordedAt: expect.any(Date),
      recordedBy: 'agent-zhao',
      recordedFrom: 'person',
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
      birthday: { month: 2, day: 0, year: 0, lunar: false },
    });
  });

  it('[M1] tells everyone of a new member by ids, with the hash of the code token', async () => {
    const [record] = await eventually(async () => {
      const found = await desk.eventsOf(registered.memberId);
      expect(found).toHaveLength(1);
      return found;
    });
    expect(MemberRegistered.fromJSON(JSON.parse(record?.value ?? ''))).toEqual({
      memberId: registered.memberId,
      number: registered.number,
      codeTokenSha256: createHash('sha256').update(registered.codeToken).digest(),
      nature: MemberNature.INDIVIDUAL,
      language: 'zh-CN',
      homeStoreId: bund,
      channel: RegistrationChannel.STORE_DESK,
      registeredAt: registered.registeredAt,
      hasEmail: true,
    });
    expect(record?.headers).toMatchObject({
      ce_type: 'regulars.members.v1.MemberRegistered',
      ce_source: '/regulars/members',
    });
  });

  it('[M1] answers the first answer when a registration is repeated with its key, and registers nobody', async () => {
    const request = registrationOf({ mobile: '+8613800138002' });
    const first = await desk.client.registerMember(request, await as(agent));
    const again = await desk.client.registerMember(request, await as(agent));
    expect(first.replayed).toBe(false);
    expect(again).toEqual({ member: first.member, replayed: true });
    const told = () => desk.eventsOf(first.member?.memberId ?? '');
    await eventually(async () => (await told()).length > 0);
    expect(await told()).toHaveLength(1);
  });

  it('[M1] refuses another registration under a key that was used', async () => {
    const request = registrationOf({ mobile: '+8613800138003' });
    await desk.client.registerMember(request, await as(agent));
    const other = desk.client.registerMember({ ...request, language: 'en' }, await as(agent));
    expect(await refusalOf(other)).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('[M1] refuses a registration for a store that the principal does not act for', async () => {
    const request = { ...registrationOf({ mobile: '+8613800138004' }), homeStoreId: xuhui };
    expect(await refusalOf(desk.client.registerMember(request, await as(cashier)))).toMatchObject({
      code: 'STORE_NOT_ALLOWED',
    });
  });

  it('[M1] tells every fault of a registration at once and registers nobody', async () => {
    const request = registrationOf({ name: '', mobile: '138', birthday: { month: 2, day: 30, year: 0, lunar: false } });
    const faulty = { ...request, language: 'fr', acceptances: [] };
    expect(await refusalOf(desk.client.registerMember(faulty, await as(agent)))).toEqual({
      code: 'MALFORMED',
      pointers: ['/person/name', '/person/mobile', '/person/birthday', '/language', '/acceptances', '/acceptances'],
    });
  });

  it('[M2] has one member for a mobile and one for an e-mail, however they are written', async () => {
    const sameMobile = desk.client.registerMember(registrationOf({ mobile: '+86 138 0013 8001' }), await as(agent));
    expect(await refusalOf(sameMobile)).toMatchObject({ code: 'MOBILE_TAKEN' });
    const email = 'Wang.Xiaoming@GUESTS.example';
    const sameEmail = desk.client.registerMember(registrationOf({ mobile: '+8613800138005', email }), await as(agent));
    expect(await refusalOf(sameEmail)).toMatchObject({ code: 'EMAIL_TAKEN' });
  });

  it('[M2] registers one member when ten register the same mobile at once, and refuses the others', async () => {
    const caller = await as(agent);
    const calls = Array.from({ length: 10 }, () =>
      desk.client.registerMember(registrationOf({ mobile: '+8613800138006' }), caller),
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
    const answers = await Promise.all(Array.from({ length: 10 }, () => desk.client.registerMember(request, caller)));
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
      expect(await desk.client.findMember({ by }, await as(till))).toEqual({ member: { ...found, codeToken: '' } });
    }
  });

  it('[M4] tells what nobody has apart from what was mistyped', async () => {
    const unknown = [
      { $case: 'codeToken', value: 'AAAAAAAAAAAAAAAAAAAAAA' },
      { $case: 'mobile', value: '+8613900000000' },
      { $case: 'email', value: 'nobody@guests.example' },
    ] as const;
    for (const by of unknown) {
      expect(await refusalOf(desk.client.findMember({ by }, await as(till)))).toMatchObject({ code: 'MEMBER_UNKNOWN' });
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
      const refused = await refusalOf(desk.client.findMember({ by }, await as(till)));
      expect(refused).toEqual({ code: 'MALFORMED', pointers: [pointer] });
    }
  });

  it('[M4] turns mobiles into members in the order asked, empty where nobody has one', async () => {
    const mobiles = ['+8613900000000', '+8613800138001', 'nonsense', '+86 138 0013 8001'];
    const { memberIds } = await desk.client.resolveMobiles({ mobiles }, await as(till));
    expect(memberIds).toEqual(['', registered.memberId, '', registered.memberId]);
    expect(await desk.client.resolveMobiles({ mobiles: [] }, await as(till))).toEqual({ memberIds: [] });
    const tooMany = desk.client.resolveMobiles({ mobiles: Array<string>(257).fill('+8613800138001') }, await as(till));
    expect(await refusalOf(tooMany)).toEqual({ code: 'MALFORMED', pointers: ['/mobiles'] });
  });
});
