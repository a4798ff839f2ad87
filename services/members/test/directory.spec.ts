import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemberDirectoryServiceService } from '@regulars/contracts/members/v1/directory';
import { RegistrationChannel } from '@regulars/contracts/members/v1/members';
import { VerificationServiceService } from '@regulars/contracts/members/v1/verification';
import { type RpcClient, rpcClient } from '@regulars/service';
import { eventually, type PrincipalClaims } from '@regulars/testing';
import { agent, as, bund, cashier, Desk, nobody, refusalOf, registrationOf, xuhui } from './desk.js';

const nothing = { namePrefix: '', homeStoreId: '', tag: '', tier: '', page: undefined };
const ofXuhui: PrincipalClaims = { sub: 'manager-he', kind: 'person', roles: ['store-manager'], stores: [xuhui] };

describe('The directory of members', () => {
  let desk: Desk;
  let client: RpcClient<typeof MemberDirectoryServiceService>;
  let verifications: RpcClient<typeof VerificationServiceService>;

  /** A member with any mobile. */
  async function registered(name: string, homeStoreId = bund): Promise<string> {
    const mobile = `+86137${String(randomInt(100_000_000)).padStart(8, '0')}`;
    const request = { ...registrationOf({ name, mobile }), homeStoreId };
    return (await desk.client.registerMember(request, await as(agent))).member?.memberId ?? '';
  }

  async function found(search: Partial<typeof nothing>, claims = agent): Promise<string[]> {
    const { members } = await client.searchMembers({ ...nothing, ...search }, await as(claims));
    expect(members.every((member) => member.masked)).toBe(true);
    return members.map((member) => member.memberId);
  }

  beforeAll(async () => {
    desk = await Desk.open();
    client = rpcClient(MemberDirectoryServiceService, desk.service.grpcAddress);
    verifications = rpcClient(VerificationServiceService, desk.service.grpcAddress);
  });

  afterAll(async () => {
    client.close();
    verifications.close();
    await desk.close();
  });

  it('[M4] finds members by the beginning of their names, masked, newest first', async () => {
    const first = await registered('诸葛孔明');
    const second = await registered('诸葛孔方');
    const emma = await registered('Emma Fischer');
    expect(await found({ namePrefix: '诸葛' })).toEqual([second, first]);
    expect(await found({ namePrefix: '诸葛孔明' })).toEqual([first]);
    expect(await found({ namePrefix: 'fisch' })).toEqual([emma]);
    expect(await found({ namePrefix: 'EMM fi' })).toEqual([emma]);
    expect(await found({ namePrefix: 'Emma Fischmann' })).toEqual([]);
  });

  it('[M4] finds members by tag and store together with the beginning of a name', async () => {
    const here = await registered('司马相如');
    const there = await registered('司马相如', xuhui);
    await client.setTags({ memberId: here, tags: ['tasting-club', 'early-bird', 'tasting-club'] }, await as(agent));
    await client.setTags({ memberId: there, tags: ['tasting-club'] }, await as(agent));
    expect(await found({ namePrefix: '司马', homeStoreId: xuhui })).toEqual([there]);
    expect(await found({ namePrefix: '司马', tag: 'early-bird' })).toEqual([here]);
    expect(await found({ tag: 'tasting-club' })).toEqual([there, here]);
    expect(await found({ tag: 'tasting-club', homeStoreId: bund })).toEqual([here]);
    const { tags } = await client.setTags({ memberId: here, tags: [] }, await as(agent));
    expect([tags, await found({ tag: 'tasting-club' })]).toEqual([[], [there]]);
  });

  it('[M4][O4] replaces the tags that were read: of two who read the same, the second is told', async () => {
    const memberId = await registered('司空图');
    const read = async () => client.getTags({ memberId }, await as(agent));
    expect(await read()).toEqual({ tags: [], version: 0 });
    const both = ['early-bird', 'tasting-club'].map(async (tag) =>
      client.setTags({ memberId, tags: [tag], expectedVersion: 0 }, { ...(await as(agent)), idempotencyKey: tag }),
    );
    const ended = await Promise.allSettled(both);
    const late = both.filter((_, at) => ended[at]?.status === 'rejected');
    expect(late).toHaveLength(1);
    expect(await refusalOf(late[0] as (typeof both)[0])).toMatchObject({ code: 'VERSION_CHANGED' });
    const stands = await read();
    expect(stands.version).toBe(1);
    const [won = ''] = stands.tags;
    const again = { ...(await as(agent)), idempotencyKey: won };
    const replayed = await client.setTags({ memberId, tags: [won], expectedVersion: 0 }, again);
    expect(replayed).toEqual({ tags: [won], version: 1, replayed: true });
    expect(await client.setTags({ memberId, tags: [] }, await as(agent))).toMatchObject({ tags: [], version: 2 });
    const unknown = client.getTags({ memberId: nobody }, await as(agent));
    expect(await refusalOf(unknown)).toMatchObject({ code: 'MEMBER_UNKNOWN' });
  });

  it('[O4][M1] tries writes about a member: the answer tells what would be, and nothing is', async () => {
    const memberId = await registered('独孤求败');
    const tables = ['member', 'acceptance', 'member_tag', 'contact_change', 'idempotency', 'outbox'];
    const stands = async () => {
      const counts = tables.map((table) => `(SELECT count(*) FROM ${table})`).join(', ');
      const sql = `SELECT row(${counts}, confirmed_at, tags_version)::text AS all FROM member WHERE member_id = $1`;
      return (await desk.database.query<{ all: string }>(sql, [memberId])).rows;
    };
    const dry = async () => ({ ...(await as(agent)), dryRun: true, idempotencyKey: 'a try' });
    const before = await stands();
    const mobile = `+86138${String(randomInt(100_000_000)).padStart(8, '0')}`;
    const { member } = await desk.client.registerMember(registrationOf({ name: '独孤伽罗', mobile }), await dry());
    expect(member?.number).not.toBe('');
    expect(await client.setTags({ memberId, tags: ['regular'] }, await dry())).toMatchObject({ version: 1 });
    expect((await client.confirmRecord({ memberId }, await dry())).confirmedAt).toBeInstanceOf(Date);
    const accepted = {
      notice: 'benefits',
      version: '2030-01',
      channel: RegistrationChannel.APP,
      acceptedAt: new Date(),
    };
    const { acceptances } = await client.acceptNotices({ memberId, acceptances: [accepted] }, await dry());
    expect(acceptances.map(({ version }) => version)).toContain('2030-01');
    expect(await stands()).toEqual(before);
    const unknown = client.setTags({ memberId: nobody, tags: [] }, await dry());
    expect(await refusalOf(unknown)).toMatchObject({ code: 'MEMBER_UNKNOWN' });
  });

  it('[M4][O4] shows whoever acts for some stores the members of those', async () => {
    const here = await registered('欧阳修');
    const there = await registered('欧阳询', xuhui);
    expect(await found({ namePrefix: '欧阳' }, ofXuhui)).toEqual([there]);
    expect(await found({ namePrefix: '欧阳' }, cashier)).toEqual([here]);
    expect(await found({ homeStoreId: bund }, ofXuhui)).toEqual([]);
  });

  it('[M4] goes through pages without leaving out or repeating anybody', async () => {
    const all = await Promise.all(Array.from({ length: 7 }, () => registered('上官婉儿')));
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = { limit: 3, cursor };
      const answer = await client.searchMembers({ ...nothing, namePrefix: '上官', page }, await as(agent));
      seen.push(...answer.members.map((member) => member.memberId));
      cursor = answer.nextCursor;
    } while (cursor !== '');
    expect(seen).toEqual([...all].sort().reverse());
  });

  it('[M4] refuses a search for nothing, a tag that is none and a cursor of somebody else', async () => {
    const refused = async (search: object) =>
      refusalOf(client.searchMembers({ ...nothing, ...search }, await as(agent)));
    expect(await refused({})).toEqual({ code: 'MALFORMED', pointers: [''] });
    expect(await refused({ namePrefix: '·' })).toEqual({ code: 'MALFORMED', pointers: ['/namePrefix'] });
    const faults = { code: 'MALFORMED', pointers: ['/homeStoreId', '/tag'] };
    expect(await refused({ homeStoreId: 'x', tag: 'VIP!' })).toEqual(faults);
    const cursor = Buffer.from('["x"]').toString('base64url');
    const forged = { tag: 'a', page: { limit: 1, cursor } };
    expect(await refused(forged)).toEqual({ code: 'MALFORMED', pointers: ['/page/cursor'] });
  });

  it('[M3] lists whose data nobody confirmed for long, longest first, until they confirm it', async () => {
    const [old, older] = [await registered('陈年'), await registered('陈旧')];
    await registered('陈新');
    const age = 'UPDATE member SET confirmed_at = now() - make_interval(days => $2) WHERE member_id = $1';
    await desk.database.query(age, [old, 400]);
    await desk.database.query(age, [older, 500]);
    const stale = async () => {
      const { members } = await client.listStale({ olderThanDays: 365, page: undefined }, await as(agent));
      return members.map(({ member }) => member?.memberId);
    };
    expect(await stale()).toEqual([older, old]);
    await client.confirmRecord({ memberId: older }, await as(agent));
    expect(await stale()).toEqual([old]);
    await client.confirmRecord({ memberId: old }, await as({ sub: old, kind: 'member' }));
    expect(await stale()).toEqual([]);
    const unknown = client.confirmRecord({ memberId: nobody }, await as(agent));
    expect(await refusalOf(unknown)).toMatchObject({ code: 'MEMBER_UNKNOWN' });
  });

  it('[M3] notes once who confirmed from where, and the history of contacts tells', async () => {
    const memberId = await registered('陈年谷');
    const other = await registered('陈年酒');
    const caller = { ...(await as(agent)), idempotencyKey: 'confirm-1' };
    const first = await client.confirmRecord({ memberId }, caller);
    const again = await client.confirmRecord({ memberId }, caller);
    expect([first.replayed, again]).toEqual([false, { ...first, replayed: true }]);
    const reused = client.confirmRecord({ memberId: other }, caller);
    expect(await refusalOf(reused)).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    const herself: PrincipalClaims = { sub: memberId, kind: 'member' };
    await client.confirmRecord({ memberId }, await as(herself));
    const { changes } = await verifications.listContactChanges(
      { memberId, purpose: 'own-data', page: undefined },
      await as(herself),
    );
    const told = changes.map(({ reason, changedBy, changedFrom, oldValue, newValue }) => ({
      noted: `${reason} by ${changedBy} from ${changedFrom}`,
      isSame: oldValue === newValue && newValue.startsWith('+86'),
    }));
    expect(told).toEqual([
      { noted: `confirmed by ${memberId} from member`, isSame: true },
      { noted: 'confirmed by agent-zhao from person', isSame: true },
    ]);
    const stranger = client.confirmRecord({ memberId: other }, await as(herself));
    expect(await refusalOf(stranger)).toMatchObject({ code: 'MEMBER_UNKNOWN' });
  });

  it('[M3] has members asked to confirm, once in a while, and only those who may be asked', async () => {
    const [fresh, old, asked, restricted, there] = await Promise.all([
      registered('祝英台'),
      registered('祝枝山'),
      registered('祝允明'),
      registered('祝福'),
      registered('祝融', xuhui),
    ]);
    const memberIds = [fresh, old, asked, restricted, there];
    await desk.database.query(
      `UPDATE member SET confirmed_at = now() - interval '400 days' WHERE member_id = ANY ($1::uuid[]) AND member_id <> $2`,
      [memberIds, fresh],
    );
    await desk.database.query('INSERT INTO restricted_member VALUES ($1, now(), now())', [restricted]);
    const clerk: PrincipalClaims = { sub: 'manager-feng', kind: 'person', roles: ['store-manager'], stores: [bund] };
    expect((await client.askToConfirm({ memberIds: [asked] }, await as(clerk))).askedIds).toEqual([asked]);
    const caller = { ...(await as(clerk)), idempotencyKey: 'ask-1' };
    expect(await client.askToConfirm({ memberIds }, caller)).toEqual({ askedIds: [old], replayed: false });
    expect(await client.askToConfirm({ memberIds }, caller)).toEqual({ askedIds: [old], replayed: true });
    expect((await client.askToConfirm({ memberIds }, await as(clerk))).askedIds).toEqual([]);
    const { members } = await client.listStale({ olderThanDays: 365, page: undefined }, await as(clerk));
    const askedAt = new Map(members.map((each) => [each.member?.memberId, each.askedAt]));
    expect([askedAt.get(old), askedAt.get(restricted)]).toEqual([expect.any(Date), undefined]);
    const types = await eventually(async () => {
      const found = (await desk.eventsOf(old)).map(({ headers }) => headers.ce_type?.split('.').at(-1));
      return found.length === 2 && found;
    });
    expect(types).toEqual(['MemberRegistered', 'MemberConfirmationAsked']);
    const nobodyAsked = client.askToConfirm({ memberIds: [] }, await as(agent));
    expect(await refusalOf(nobodyAsked)).toEqual({ code: 'MALFORMED', pointers: ['/memberIds'] });
  });

  it('[M1] notes further versions of notices that a member accepted, each with its first time and its proof', async () => {
    const memberId = await registered('何必');
    const channel = RegistrationChannel.APP;
    const accepted = { notice: 'privacy', version: '2026-11', channel, acceptedAt: new Date('2026-11-01T08:00:00Z') };
    const caller = await as(agent);
    await client.acceptNotices({ memberId, acceptances: [accepted] }, caller);
    const later = { ...accepted, acceptedAt: new Date('2026-11-02T08:00:00Z') };
    const { acceptances } = await client.acceptNotices({ memberId, acceptances: [later] }, caller);
    expect(acceptances.map(({ notice, version }) => `${notice} ${version}`)).toEqual([
      'benefits 2026-05',
      'privacy 2026-05',
      'privacy 2026-11',
    ]);
    const proof = { recordedAt: expect.any(Date), recordedBy: 'agent-zhao', recordedFrom: 'person' };
    expect(acceptances).toMatchObject([proof, proof, proof]);
    expect(acceptances[2]).toEqual({ ...accepted, ...proof });
    const own = { ...accepted, version: '2026-12' };
    const herself = await as({ sub: memberId, kind: 'member' });
    const told = await client.acceptNotices({ memberId, acceptances: [own] }, herself);
    expect(told.acceptances[3]).toMatchObject({ version: '2026-12', recordedBy: memberId, recordedFrom: 'member' });
    const other = await registered('何必曰利');
    const forOther = client.acceptNotices({ memberId: other, acceptances: [own] }, herself);
    expect(await refusalOf(forOther)).toMatchObject({ code: 'MEMBER_UNKNOWN' });
    const twice = client.acceptNotices({ memberId, acceptances: [accepted, accepted] }, caller);
    expect(await refusalOf(twice)).toEqual({ code: 'MALFORMED', pointers: ['/acceptances'] });
  });
});
