import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Access, MemberAccessServiceService } from '@regulars/contracts/members/v1/access';
import type { Member } from '@regulars/contracts/members/v1/members';
import { type RpcClient, rpcClient } from '@regulars/service';
import { eventually, hashesOf, tracesOf } from '@regulars/testing';
import {
  agent,
  as,
  auditor,
  cashier,
  Desk,
  nobody,
  notifications,
  refusalOf,
  registrationOf,
  till,
  traceparent,
  wang,
} from './desk.js';

describe('Personal data as the service keeps it', () => {
  let desk: Desk;
  let access: RpcClient<typeof MemberAccessServiceService>;
  let registered: Member;

  /** Who saw clear data of a member, newest first, as an auditor reads it. */
  async function accessesOf(memberId: string): Promise<Access[]> {
    return (await access.listAccesses({ memberId, page: undefined }, await as(auditor))).accesses;
  }

  beforeAll(async () => {
    desk = await Desk.open();
    access = rpcClient(MemberAccessServiceService, desk.service.grpcAddress);
    registered = await desk.register(wang);
  });

  afterAll(async () => {
    access.close();
    await desk.close();
  });

  it('[M6] masks a member unless role and purpose allow, and leaves no line for that', async () => {
    const member = await desk.register({ ...wang, mobile: '+8613800138010', email: '' });
    const { memberId } = member;
    const masked = { member: { ...member, codeToken: '' } };
    expect(await desk.client.getMember({ memberId, purpose: '' }, await as(agent))).toEqual(masked);
    expect(await desk.client.getMember({ memberId, purpose: 'guest-contact' }, await as(cashier))).toEqual(masked);
    expect(await desk.client.getMember({ memberId, purpose: 'audit' }, await as(agent))).toEqual(masked);
    expect(await accessesOf(memberId)).toEqual([]);
  });

  it('[M6] shows clear data to a role with a purpose, and every such read leaves its line', async () => {
    const member = await desk.register({ ...wang, mobile: '+8613800138011', email: 'wang.11@guests.example' });
    const { memberId } = member;
    const read = { memberId, purpose: 'guest-contact' };
    const clear = { ...wang, mobile: '+8613800138011', email: 'wang.11@guests.example' };
    expect(await desk.client.getMember(read, await as(agent))).toEqual({
      member: { ...member, person: clear, masked: false },
    });
    await desk.client.getMember(read, await as(agent));
    const line = {
      principal: 'agent-zhao',
      principalKind: 'person',
      roles: ['agent'],
      fields: ['code_token', 'name', 'mobile', 'email', 'birthday'],
      purpose: 'guest-contact',
      traceId: traceparent.slice(3, 35),
    };
    expect(await accessesOf(memberId)).toMatchObject([line, line]);
  });

  it('[M6] refuses a purpose that is not in the table, and a member that is not there', async () => {
    const curious = desk.client.getMember({ memberId: registered.memberId, purpose: 'curiosity' }, await as(agent));
    expect(await refusalOf(curious)).toEqual({ code: 'MALFORMED', pointers: ['/purpose'] });
    for (const memberId of [nobody, 'wang', '']) {
      const unknown = desk.client.getMember({ memberId, purpose: '' }, await as(agent));
      expect(await refusalOf(unknown)).toMatchObject({ code: 'MEMBER_UNKNOWN' });
    }
  });

  it('[M6] tells services where to reach members, with a line for each', async () => {
    const one = await desk.register({ mobile: '+8613800138012' });
    const two = await desk.register({ name: 'Emma Fischer', email: 'emma@guests.example' });
    const memberIds = [one.memberId, two.memberId, nobody];
    const purpose = 'message:points-earned';
    const { contacts } = await desk.client.getContacts({ memberIds, purpose }, await as(notifications));
    expect(contacts.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1))).toEqual([
      { memberId: one.memberId, name: '李娜', mobile: '+8613800138012', email: '', language: 'zh-CN' },
      { memberId: two.memberId, name: 'Emma Fischer', mobile: '', email: 'emma@guests.example', language: 'zh-CN' },
    ]);
    const line = { principal: 'notifications', principalKind: 'service', fields: ['name', 'mobile', 'email'], purpose };
    expect(await accessesOf(two.memberId)).toMatchObject([line]);
  });

  it('[M6] tells contacts to no person and for no nameless purpose', async () => {
    const request = { memberIds: [registered.memberId], purpose: 'message:points-earned' };
    expect(await refusalOf(desk.client.getContacts(request, await as(agent)))).toMatchObject({ code: 'SERVICES_ONLY' });
    const nameless = { memberIds: ['wang'], purpose: '' };
    const refused = await refusalOf(desk.client.getContacts(nameless, await as(notifications)));
    expect(refused).toEqual({ code: 'MALFORMED', pointers: ['/memberIds/0', '/purpose'] });
    expect(await accessesOf(registered.memberId)).toEqual([]);
  });

  it('[M6] leaves no clear personal data in any table, topic or log', async () => {
    const person = {
      name: '欧阳若兮-only-here',
      mobile: '+8613912345678',
      email: 'ouyang.ruoxi@secret-domain.example',
      birthday: { month: 11, day: 23, year: 1987, lunar: false },
    };
    const request = registrationOf(person);
    const { member } = await desk.client.registerMember(request, await as(agent));
    const memberId = member?.memberId ?? '';
    const codeToken = member?.codeToken ?? '';
    await desk.client.registerMember(request, await as(agent));
    await desk.client.getMember({ memberId, purpose: 'guest-contact' }, await as(agent));
    await desk.client.findMember({ by: { $case: 'mobile', value: person.mobile } }, await as(till));
    await desk.client.getContacts({ memberIds: [memberId], purpose: 'message:welcome' }, await as(notifications));
    await refusalOf(desk.client.registerMember(registrationOf({ ...person, birthday: undefined }), await as(agent)));
    await refusalOf(
      desk.client.registerMember(
        registrationOf({ ...person, birthday: { month: 2, day: 30, year: 0, lunar: false } }),
        await as(agent),
      ),
    );
    const records = await eventually(async () => {
      const found = await desk.eventsOf(memberId);
      expect(found).toHaveLength(1);
      return found;
    });

    const dump = await desk.dump();
    expect(dump.some((line) => line.includes(memberId))).toBe(true);
    const everything = [...dump, JSON.stringify(records), ...desk.service.logs()].join('\n');
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

  it('[M6] tells auditors page by page who saw clear data, newest first, and nobody else', async () => {
    const { memberId } = await desk.register({ mobile: '+8613800138013' });
    for (const purpose of ['guest-contact', 'complaint-handling', 'record-correction']) {
      await desk.client.getMember({ memberId, purpose }, await as(agent));
    }
    const first = await access.listAccesses({ memberId, page: { limit: 2, cursor: '' } }, await as(auditor));
    const page = { limit: 2, cursor: first.nextCursor };
    const second = await access.listAccesses({ memberId, page }, await as(auditor));
    const purposes = [first, second].map((each) => each.accesses.map((line) => line.purpose));
    expect(purposes).toEqual([['record-correction', 'complaint-handling'], ['guest-contact']]);
    expect(second.nextCursor).toBe('');

    const asAgent = access.listAccesses({ memberId, page: undefined }, await as(agent));
    expect(await refusalOf(asAgent)).toMatchObject({ code: 'NOT_ALLOWED' });
    const unknown = access.listAccesses({ memberId: nobody, page: undefined }, await as(auditor));
    expect(await refusalOf(unknown)).toMatchObject({ code: 'MEMBER_UNKNOWN' });
    const cursor = Buffer.from('["x"]').toString('base64url');
    const forged = access.listAccesses({ memberId, page: { limit: 2, cursor } }, await as(auditor));
    expect(await refusalOf(forged)).toEqual({ code: 'MALFORMED', pointers: ['/page/cursor'] });
  });

  it('[M6] has the log of reads sealed within seconds, and proves it by a command and to auditors', async () => {
    const { memberId } = await desk.register({ mobile: '+8613800138014' });
    await desk.client.getMember({ memberId, purpose: 'guest-contact' }, await as(agent));
    const found = await eventually(async () => {
      const answer = await access.verifyAccesses({ fromSeal: 0 }, await as(auditor));
      // A seal made while the ones before were reckoned is told as the next one to look at.
      return answer.unsealedLines === 0 && answer.nextSeal === 0 && answer;
    });
    expect(found).toMatchObject({ brokenSeal: 0, lastSeal: found.seals });
    const hash = Buffer.from(found.lastHash).toString('hex');
    expect(desk.service.logs().join('\n')).toContain(hash);
    const verify = async (...noted: string[]) => {
      const { code, output } = await desk.service.run('ops', 'accesses', 'verify', ...noted);
      return { code, answer: JSON.parse(output) as object };
    };
    const noted = ['--seal', String(found.lastSeal), '--hash', hash];
    expect(await verify(...noted)).toMatchObject({
      code: 0,
      answer: { brokenSeal: null, isAsNoted: true, lines: found.lines, head: { seal: found.lastSeal, hash } },
    });
    expect(await verify('--seal', '1')).toMatchObject({ code: 2 });

    const entry = found.lastEntry;
    await desk.database.query('ALTER TABLE access_log DISABLE TRIGGER append_only');
    await desk.database.query(`UPDATE access_log SET purpose = 'audit' WHERE entry = $1`, [entry]);
    await desk.database.query('ALTER TABLE access_log ENABLE TRIGGER append_only');
    expect(await verify(...noted)).toMatchObject({ code: 1, answer: { brokenSeal: found.lastSeal, isAsNoted: true } });
    const seen = await access.verifyAccesses({ fromSeal: found.lastSeal }, await as(auditor));
    expect(seen).toMatchObject({ seals: 0, brokenSeal: found.lastSeal });

    expect(await refusalOf(access.verifyAccesses({ fromSeal: 0 }, await as(agent)))).toMatchObject({
      code: 'NOT_ALLOWED',
    });
    const beyond = access.verifyAccesses({ fromSeal: 9_999 }, await as(auditor));
    expect(await refusalOf(beyond)).toMatchObject({ code: 'SEAL_UNKNOWN' });
  });
});
