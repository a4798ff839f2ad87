import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemberDirectoryServiceService } from '@regulars/contracts/members/v1/directory';
import { RegistrationChannel } from '@regulars/contracts/members/v1/members';
import { type RpcClient, rpcClient } from '@regulars/service';
import type { PrincipalClaims } from '@regulars/testing';
import { agent, as, bund, cashier, Desk, nobody, refusalOf, registrationOf, xuhui } from './desk.js';

const nothing = { namePrefix: '', homeStoreId: '', tag: '', page: undefined };
const ofXuhui: PrincipalClaims = { sub: 'manager-he', kind: 'person', roles: ['store-manager'], stores: [xuhui] };

describe('The directory of members', () => {
  let desk: Desk;
  let client: RpcClient<typeof MemberDirectoryServiceService>;

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
  }, 60_000);

  afterAll(async () => {
    client.close();
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
    const unknown = client.confirmRecord({ memberId: nobody }, await as(agent));
    expect(await refusalOf(unknown)).toMatchObject({ code: 'MEMBER_UNKNOWN' });
  });

  it('[M1] notes further versions of notices that a member accepted, each with its first time', async () => {
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
    expect(acceptances[2]).toEqual(accepted);
    const twice = client.acceptNotices({ memberId, acceptances: [accepted, accepted] }, caller);
    expect(await refusalOf(twice)).toEqual({ code: 'MALFORMED', pointers: ['/acceptances'] });
  });
});
