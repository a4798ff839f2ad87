import { randomBytes, randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContactKind, VerificationServiceService } from '@regulars/contracts/members/v1/verification';
import { type RpcClient, rpcClient } from '@regulars/service';
import { eventually } from '@regulars/testing';
import { agent, as, Desk, nobody, notifications, refusalOf } from './desk.js';

const anyMobile = () => `+86135${String(randomInt(100_000_000)).padStart(8, '0')}`;
const key = () => randomBytes(8).toString('hex');
const { MOBILE, EMAIL } = ContactKind;

describe('Contacts of members', () => {
  let desk: Desk;
  let client: RpcClient<typeof VerificationServiceService>;

  async function start(memberId: string, kind: ContactKind, value = '', idempotencyKey = key()): Promise<string> {
    const request = { memberId, kind, value, idempotencyKey };
    return (await client.startVerification(request, await as(agent))).challengeId;
  }

  /** As notifications learns it when it sends. */
  const codeOf = async (challengeId: string) => client.getCode({ challengeId }, await as(notifications));
  const verify = async (memberId: string, challengeId: string, code: string) =>
    client.verifyContact({ memberId, challengeId, code }, await as(agent));
  const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
  const readsOf = async (memberId: string) =>
    (await desk.client.getMember({ memberId, purpose: 'guest-contact' }, await as(agent))).member;
  const idle = (memberId: string) =>
    desk.database.query(`UPDATE member SET seen_at = now() - interval '400 days' WHERE member_id = $1`, [memberId]);

  async function prove(memberId: string, kind: ContactKind, value: string) {
    const challengeId = await start(memberId, kind, value);
    return verify(memberId, challengeId, (await codeOf(challengeId)).code);
  }

  beforeAll(async () => {
    desk = await Desk.open();
    client = rpcClient(VerificationServiceService, desk.service.grpcAddress);
  });

  afterAll(async () => {
    client.close();
    await desk.close();
  });

  it('[M3] are verified by a code that goes to the contact on record, and announced by ids only', async () => {
    const mobile = anyMobile();
    const { memberId } = await desk.register({ name: '陆游', mobile });
    const challengeId = await start(memberId, MOBILE);
    const sent = await codeOf(challengeId);
    expect(sent).toMatchObject({ kind: MOBILE, value: mobile, name: '陆游', language: 'zh-CN' });
    expect(await verify(memberId, challengeId, sent.code)).toEqual({ memberId, kind: MOBILE, takenOver: false });
    expect(await readsOf(memberId)).toMatchObject({ mobileVerifiedAt: expect.any(Date) });
    const types = await eventually(async () => {
      const events = (await desk.eventsOf(memberId)).map(({ headers }) => headers.ce_type?.split('.').at(-1));
      return events.length === 3 && events;
    });
    expect(types).toEqual(['MemberRegistered', 'CodeRequested', 'MemberContactChanged']);
    expect(await refusalOf(codeOf(challengeId))).toMatchObject({ code: 'CHALLENGE_UNKNOWN' });
  });

  it('[M3] change to what a code was sent to, with the old one, who, when and from where', async () => {
    const [before, after] = [anyMobile(), anyMobile()];
    const { memberId } = await desk.register({ mobile: before });
    await prove(memberId, MOBILE, after);
    await prove(memberId, EMAIL, 'lu.you@guests.example');
    expect(await readsOf(memberId)).toMatchObject({ person: { mobile: after, email: 'lu.you@guests.example' } });
    expect((await desk.client.resolveMobiles({ mobiles: [before, after] }, await as(agent))).memberIds).toEqual([
      '',
      memberId,
    ]);
    const changes = async (purpose: string) =>
      client.listContactChanges({ memberId, purpose, page: undefined }, await as(agent));
    const by = { changedBy: 'agent-zhao', changedFrom: 'person', reason: 'changed', changedAt: expect.any(Date) };
    expect(await changes('guest-contact')).toEqual({
      changes: [
        { ...by, kind: EMAIL, oldValue: '', newValue: 'lu.you@guests.example' },
        { ...by, kind: MOBILE, oldValue: before, newValue: after },
      ],
      masked: false,
      nextCursor: '',
    });
    const masked = await changes('');
    expect(masked.masked).toBe(true);
    expect(JSON.stringify(masked)).not.toContain(before.slice(6, 10));
  });

  it('[M3] are decided exactly: of 1 000 tries at once five count, and then not even the right code opens', async () => {
    const { memberId } = await desk.register({ mobile: anyMobile() });
    const challengeId = await start(memberId, MOBILE);
    const { code } = await codeOf(challengeId);
    const counted: (string | undefined)[] = [];
    for (let wave = 0; wave < 20; wave += 1) {
      const tries = Array.from({ length: 50 }, () => refusalOf(verify(memberId, challengeId, wrong(code))));
      counted.push(...(await Promise.all(tries)).map((refused) => refused.code));
    }
    expect(counted.filter((each) => each === 'CODE_WRONG')).toHaveLength(5);
    expect(counted.filter((each) => each === 'TOO_MANY_TRIES')).toHaveLength(995);
    expect(await refusalOf(verify(memberId, challengeId, code))).toMatchObject({ code: 'TOO_MANY_TRIES' });
  });

  it('[M3] are opened once by a code, also when it comes ten times at once, and by nobody else’s', async () => {
    const { memberId } = await desk.register({ mobile: anyMobile() });
    const other = await desk.register({ mobile: anyMobile() });
    const challengeId = await start(memberId, EMAIL, 'once@guests.example');
    const { code } = await codeOf(challengeId);
    const stolen = verify(other.memberId, await start(memberId, MOBILE), code);
    expect(['CODE_WRONG', 'CHALLENGE_UNKNOWN']).toContain((await refusalOf(stolen)).code);
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => verify(memberId, challengeId, code)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ problem: { code: 'CODE_USED' } });
    }
  });

  it('[M3] keep their tries from others: a member who tries the code of another uses none of them up', async () => {
    const { memberId } = await desk.register({ mobile: anyMobile() });
    const other = await desk.register({ mobile: anyMobile() });
    const challengeId = await start(memberId, MOBILE);
    const { code } = await codeOf(challengeId);
    const herself = { sub: other.memberId, kind: 'member' } as const;
    for (const tried of [code, wrong(code), wrong(code), wrong(code), wrong(code), wrong(code)]) {
      const asOther = client.verifyContact({ memberId: other.memberId, challengeId, code: tried }, await as(herself));
      expect(await refusalOf(asOther)).toMatchObject({ code: 'CHALLENGE_UNKNOWN' });
      const forHer = client.verifyContact({ memberId, challengeId, code: tried }, await as(herself));
      expect(await refusalOf(forHer)).toMatchObject({ code: 'MEMBER_UNKNOWN' });
    }
    expect(await verify(memberId, challengeId, code)).toMatchObject({ memberId });
  });

  it('[M3] get five codes an hour, counted exactly, whoever asks; a repeated request sends none', async () => {
    const { memberId } = await desk.register({ mobile: anyMobile() });
    const repeated = key();
    await Promise.all(Array.from({ length: 8 }, () => start(memberId, MOBILE, '', repeated)));
    const more = await Promise.allSettled(Array.from({ length: 9 }, () => start(memberId, MOBILE)));
    expect(more.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    expect(await refusalOf(start(memberId, MOBILE))).toMatchObject({ code: 'TOO_MANY_CODES' });
  });

  it('[M2] are not taken from a member who was here lately', async () => {
    const mobile = anyMobile();
    await desk.register({ mobile });
    const { memberId } = await desk.register({ email: `${key()}@guests.example` });
    expect(await refusalOf(start(memberId, MOBILE, mobile))).toMatchObject({ code: 'MOBILE_TAKEN' });
  });

  it('[M2] that were given to somebody else meanwhile belong to whoever proves to have them', async () => {
    const mobile = anyMobile();
    const old = await desk.register({ name: '老主人', mobile });
    await idle(old.memberId);
    expect(await readsOf(old.memberId)).toMatchObject({ mobileVerificationNeeded: true });
    const young = await desk.register({ name: '新主人', mobile });
    expect(await readsOf(young.memberId)).toMatchObject({ mobileVerificationNeeded: true, person: { mobile } });
    const { memberIds } = await desk.client.resolveMobiles({ mobiles: [mobile] }, await as(agent));
    expect(memberIds).toEqual([old.memberId]);

    expect(await prove(young.memberId, MOBILE, '')).toMatchObject({ takenOver: true });
    expect(await readsOf(young.memberId)).toMatchObject({ mobileVerificationNeeded: false });
    const after = await desk.client.resolveMobiles({ mobiles: [mobile] }, await as(agent));
    expect(after.memberIds).toEqual([young.memberId]);
    expect(await readsOf(old.memberId)).toMatchObject({ person: { mobile: '' } });
    const history = { memberId: old.memberId, purpose: 'guest-contact', page: undefined };
    const { changes } = await client.listContactChanges(history, await as(agent));
    expect(changes).toMatchObject([{ oldValue: mobile, newValue: '', reason: 'taken-over' }]);
  });

  it('[M12] sign a member in, and tell nobody whether somebody has them', async () => {
    const mobile = anyMobile();
    const { memberId } = await desk.register({ mobile });
    const caller = await as({ sub: 'self-service', kind: 'machine' });
    const known = await client.startSignIn({ kind: MOBILE, value: mobile }, caller);
    const unknown = await client.startSignIn({ kind: MOBILE, value: anyMobile() }, caller);
    expect(Object.keys(unknown)).toEqual(Object.keys(known));
    const { code } = await codeOf(known.challengeId);
    expect(await refusalOf(client.signIn({ challengeId: known.challengeId, code: wrong(code) }, caller))).toMatchObject(
      {
        code: 'CODE_WRONG',
      },
    );
    expect(await client.signIn({ challengeId: known.challengeId, code }, caller)).toEqual({ memberId });
    expect(await refusalOf(client.signIn({ challengeId: unknown.challengeId, code: '000000' }, caller))).toMatchObject({
      code: 'CODE_WRONG',
    });
    expect(await refusalOf(client.signIn({ challengeId: nobody, code }, caller))).toMatchObject({
      code: 'CHALLENGE_UNKNOWN',
    });
    const contactCode = client.signIn({ challengeId: await start(memberId, MOBILE), code }, caller);
    expect(await refusalOf(contactCode)).toMatchObject({ code: 'CHALLENGE_UNKNOWN' });
  });

  it('[M3][M6] tell codes to services only, with a line in the access log, and keep them nowhere', async () => {
    const { memberId } = await desk.register({ email: 'code.reader@guests.example' });
    const challengeId = await start(memberId, EMAIL);
    const asAgent = client.getCode({ challengeId }, await as(agent));
    expect(await refusalOf(asAgent)).toMatchObject({ code: 'SERVICES_ONLY' });
    const { code } = await codeOf(challengeId);
    const { rows } = await desk.database.query('SELECT principal, fields FROM access_log WHERE member_id = $1', [
      memberId,
    ]);
    expect(rows).toEqual([{ principal: 'notifications', fields: ['name', 'email'] }]);
    const dump = await desk.dump();
    const ofChallenge = dump.filter((line) => line.includes(challengeId));
    expect(ofChallenge.length).toBeGreaterThan(0);
    expect(ofChallenge.filter((line) => line.includes(code))).toEqual([]);
  });
});
