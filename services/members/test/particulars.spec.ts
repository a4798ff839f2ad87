import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemberNature } from '@regulars/contracts/members/v1/members';
import {
  Gender,
  MemberParticularsServiceService,
  NeedKind,
  Particulars,
} from '@regulars/contracts/members/v1/particulars';
import { type RpcClient, rpcClient } from '@regulars/service';
import { hashesOf, tracesOf } from '@regulars/testing';
import { agent, as, cashier, Desk, nobody, refusalOf, registrationOf } from './desk.js';

const home = {
  label: '',
  country: 'CN',
  region: '',
  city: '上海',
  district: '',
  street: '中山东一路 1 号 only-here',
  postcode: '',
};
const told = Particulars.fromPartial({
  gender: Gender.FEMALE,
  addresses: [home],
  diningPreferences: ['靠窗座位'],
  needs: [{ kind: NeedKind.ALLERGY, detail: '花生过敏 only-here' }],
});
const shown = { diningPreferences: told.diningPreferences, needs: told.needs };

/** What is told first, under a key of its own. */
const first = (memberId: string) => ({
  memberId,
  particulars: told,
  expectedVersion: 0,
  idempotencyKey: randomBytes(8).toString('hex'),
});

describe('The particulars of members', () => {
  let desk: Desk;
  let client: RpcClient<typeof MemberParticularsServiceService>;

  beforeAll(async () => {
    desk = await Desk.open();
    client = rpcClient(MemberParticularsServiceService, desk.service.grpcAddress);
  });

  afterAll(async () => {
    client.close();
    await desk.close();
  });

  it('[M2] are empty until something is told, and then what was told', async () => {
    const { memberId } = await desk.register({ mobile: '+8613800138101' });
    const caller = await as(agent);
    const empty = { particulars: Particulars.fromPartial({}), masked: true, version: 0, changedAt: undefined };
    expect(await client.getParticulars({ memberId, purpose: '' }, caller)).toEqual(empty);
    expect(await client.setParticulars(first(memberId), caller)).toEqual({
      version: 1,
      replayed: false,
    });
    const read = await client.getParticulars({ memberId, purpose: 'guest-contact' }, caller);
    expect(read).toEqual({ particulars: told, masked: false, version: 1, changedAt: expect.any(Date) });
  });

  it('[M6] show needs and preferences to whoever serves, the rest only to a role with a purpose, logged', async () => {
    const { memberId } = await desk.register({ mobile: '+8613800138102' });
    await client.setParticulars(first(memberId), await as(agent));
    const read = await client.getParticulars({ memberId, purpose: 'guest-contact' }, await as(cashier));
    expect(read).toMatchObject({ particulars: Particulars.fromPartial(shown), masked: true });
    const lines = () => desk.database.query('SELECT fields FROM access_log WHERE member_id = $1', [memberId]);
    expect((await lines()).rows).toEqual([]);
    await client.getParticulars({ memberId, purpose: 'guest-contact' }, await as(agent));
    expect((await lines()).rows).toEqual([{ fields: ['gender', 'addresses', 'contact_persons'] }]);
  });

  it('[M2] are replaced as a whole, and by one of those who read the same version', async () => {
    const { memberId } = await desk.register({ mobile: '+8613800138103' });
    const caller = await as(agent);
    await client.setParticulars(first(memberId), caller);
    const particulars = Particulars.fromPartial({ diningPreferences: ['包间'] });
    const calls = Array.from({ length: 5 }, () =>
      client.setParticulars({ ...first(memberId), particulars, expectedVersion: 1 }, caller),
    );
    const results = await Promise.allSettled(calls);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const expectedVersion of [0, 1, 7]) {
      const late = client.setParticulars({ ...first(memberId), expectedVersion }, caller);
      expect(await refusalOf(late)).toMatchObject({ code: 'VERSION_CHANGED' });
    }
    const read = await client.getParticulars({ memberId, purpose: 'guest-contact' }, caller);
    expect(read).toMatchObject({ particulars, version: 2 });
  });

  it('[M2] name contact persons of enterprises and institutions only', async () => {
    const contactPersons = [{ name: '孙经理', position: '采购', mobile: '+8613800138000', email: '' }];
    const particulars = Particulars.fromPartial({ contactPersons });
    const person = await desk.register({ mobile: '+8613800138104' });
    const refused = client.setParticulars({ ...first(person.memberId), particulars }, await as(agent));
    expect(await refusalOf(refused)).toMatchObject({ code: 'CONTACT_PERSONS_OF_INDIVIDUAL' });
    const company = { ...registrationOf({ mobile: '+8613800138105' }), nature: MemberNature.ENTERPRISE };
    const { member } = await desk.client.registerMember(company, await as(agent));
    const request = { ...first(member?.memberId ?? ''), particulars };
    expect(await client.setParticulars(request, await as(agent))).toEqual({ version: 1, replayed: false });
  });

  it('[M2] are set once for a key, whatever was set since, and refuse the key with another body', async () => {
    const { memberId } = await desk.register({ mobile: '+8613800138107' });
    const caller = await as(agent);
    const request = first(memberId);
    expect(await client.setParticulars(request, caller)).toEqual({ version: 1, replayed: false });
    await client.setParticulars({ ...first(memberId), expectedVersion: 1 }, caller);
    expect(await client.setParticulars(request, caller)).toEqual({ version: 1, replayed: true });
    const other = client.setParticulars({ ...request, expectedVersion: 2 }, caller);
    expect(await refusalOf(other)).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('[M2] tell every fault at once, and who is no member', async () => {
    const particulars = Particulars.fromPartial({
      addresses: [{ ...home, country: 'XX', city: '' }],
      needs: [{ kind: NeedKind.UNSPECIFIED }],
    });
    const { memberId } = await desk.register({ mobile: '+8613800138106' });
    const faulty = client.setParticulars({ ...first(memberId), particulars, expectedVersion: -1 }, await as(agent));
    expect(await refusalOf(faulty)).toEqual({
      code: 'MALFORMED',
      pointers: [
        '/particulars/addresses/0/country',
        '/particulars/addresses/0/city',
        '/particulars/needs/0/kind',
        '/expectedVersion',
      ],
    });
    const unknown = first(nobody);
    expect(await refusalOf(client.setParticulars(unknown, await as(agent)))).toMatchObject({ code: 'MEMBER_UNKNOWN' });
    const nowhere = client.getParticulars({ memberId: nobody, purpose: '' }, await as(agent));
    expect(await refusalOf(nowhere)).toMatchObject({ code: 'MEMBER_UNKNOWN' });
  });

  it('[M6] stand nowhere in clear', async () => {
    const everything = [...(await desk.dump()), ...desk.service.logs()].join('\n');
    const clear = [home.street, '中山东一路', '花生过敏', '靠窗座位', '孙经理'];
    const traces = clear.flatMap((value) => [...tracesOf(value), ...hashesOf(value)]);
    expect(traces.filter((trace) => everything.includes(trace))).toEqual([]);
  });
});
