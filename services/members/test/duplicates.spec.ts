import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DuplicateReason, DuplicateServiceService, DuplicateState } from '@regulars/contracts/members/v1/duplicates';
import type { Member, Person } from '@regulars/contracts/members/v1/members';
import { type RpcClient, rpcClient } from '@regulars/service';
import { eventually, type PrincipalClaims } from '@regulars/testing';
import { agent, as, cashier, Desk, nobody, refusalOf, xuhui } from './desk.js';

const ofXuhui: PrincipalClaims = { sub: 'manager-he', kind: 'person', roles: ['store-manager'], stores: [xuhui] };

describe('Duplicates', () => {
  let desk: Desk;
  let client: RpcClient<typeof DuplicateServiceService>;

  const anyMobile = () => `+86136${String(randomInt(100_000_000)).padStart(8, '0')}`;
  const registered = (person: Partial<Person>): Promise<Member> => desk.register({ mobile: anyMobile(), ...person });

  async function listed(claims = agent, state = DuplicateState.UNSPECIFIED, page?: { limit: number; cursor: string }) {
    return client.listDuplicates({ state, page }, await as(claims));
  }

  /** Waits until everybody was compared. */
  async function compared(): Promise<void> {
    await eventually(async () => {
      const { rows } = await desk.database.query('SELECT FROM member WHERE compared_under IS NULL');
      return rows.length === 0;
    });
  }

  async function pairOf(one: Member, other: Member, state = DuplicateState.PROPOSED) {
    const { duplicates } = await listed(agent, state);
    const ids = [one.memberId, other.memberId].sort();
    return duplicates.find((pair) => pair.first?.memberId === ids[0] && pair.second?.memberId === ids[1]);
  }

  beforeAll(async () => {
    desk = await Desk.open();
    client = rpcClient(DuplicateServiceService, desk.service.grpcAddress);
  });

  afterAll(async () => {
    client.close();
    await desk.close();
  });

  it('[M5] proposes who has the same name and birthday, whatever the year, masked, and nobody who only has one', async () => {
    const birthday = { month: 5, day: 20, year: 0 };
    const first = await registered({ name: '林黛玉', birthday: { ...birthday, year: 1996 } });
    const second = await registered({ name: '林 黛玉', birthday });
    const other = await registered({ name: '林黛玉', birthday: { ...birthday, day: 21 } });
    await compared();
    const pair = await pairOf(first, second);
    expect(pair).toMatchObject({ reasons: [DuplicateReason.NAME_AND_BIRTHDAY], state: DuplicateState.PROPOSED });
    expect([pair?.first?.masked, pair?.second?.masked, pair?.first?.person?.name]).toEqual([true, true, '林**']);
    expect(await pairOf(first, other)).toBeUndefined();
  });

  it('[M5][M2] proposes who wrote down a mobile that another member has', async () => {
    const mobile = anyMobile();
    const holder = await registered({ mobile });
    await desk.database.query(`UPDATE member SET seen_at = now() - interval '2 years' WHERE member_id = $1`, [
      holder.memberId,
    ]);
    const next = await registered({ name: '薛宝钗', mobile });
    expect(next.mobileVerificationNeeded).toBe(true);
    await compared();
    expect((await pairOf(holder, next))?.reasons).toEqual([DuplicateReason.MOBILE]);
  });

  it('[M5] does not propose again who were said to be two, also when there is a further reason', async () => {
    const person = { name: '贾迎春', birthday: { month: 2, day: 29, year: 0 } };
    const [one, other] = [await registered(person), await registered(person)];
    await compared();
    const duplicateId = (await pairOf(one, other))?.duplicateId ?? '';
    const dismissed = await client.dismissDuplicate({ duplicateId }, await as(agent));
    expect(dismissed.duplicate).toMatchObject({ state: DuplicateState.DISMISSED, dismissedBy: 'agent-zhao' });
    await desk.database.query('UPDATE member SET compared_under = NULL WHERE member_id = $1', [one.memberId]);
    await compared();
    expect(await pairOf(one, other)).toBeUndefined();
    const again = await client.dismissDuplicate({ duplicateId }, await as({ ...agent, sub: 'agent-wu' }));
    expect(again).toEqual(dismissed);
    expect(await pairOf(one, other, DuplicateState.DISMISSED)).toBeDefined();
  });

  it('[M5][M6] proposes nobody while the processing of her data is restricted', async () => {
    const person = { name: '贾惜春', birthday: { month: 4, day: 8, year: 0 } };
    const [one, other] = [await registered(person), await registered(person)];
    await compared();
    expect(await pairOf(one, other)).toBeDefined();
    await desk.database.query('INSERT INTO restricted_member VALUES ($1, now(), now())', [other.memberId]);
    expect(await pairOf(one, other)).toBeUndefined();
    await desk.database.query('UPDATE restricted_member SET since = NULL WHERE member_id = $1', [other.memberId]);
    expect(await pairOf(one, other)).toBeDefined();
  });

  it('[M5][O4] shows whoever acts for some stores the pairs with a member of those', async () => {
    expect((await listed(ofXuhui)).duplicates).toEqual([]);
    const { duplicates } = await listed({ ...cashier, roles: ['store-manager'] });
    expect(duplicates.length).toBeGreaterThan(0);
    const duplicateId = duplicates[0]?.duplicateId ?? '';
    const refused = client.dismissDuplicate({ duplicateId }, await as(ofXuhui));
    expect(await refusalOf(refused)).toMatchObject({ code: 'DUPLICATE_UNKNOWN' });
    const unknown = client.dismissDuplicate({ duplicateId: nobody }, await as(agent));
    expect(await refusalOf(unknown)).toMatchObject({ code: 'DUPLICATE_UNKNOWN' });
  });

  it('[M5] goes through pages without leaving out or repeating a pair', async () => {
    const birthday = { month: 11, day: 11, year: 0 };
    for (let nth = 0; nth < 4; nth += 1) await registered({ name: '史湘云', birthday });
    await compared();
    const whole = (await listed()).duplicates.map(({ duplicateId }) => duplicateId);
    expect(whole.length).toBeGreaterThanOrEqual(6);
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await listed(agent, DuplicateState.PROPOSED, { limit: 4, cursor });
      seen.push(...page.duplicates.map(({ duplicateId }) => duplicateId));
      cursor = page.nextCursor;
    } while (cursor !== '');
    expect(seen).toEqual(whole);
  });

  it('[M5][M6] compares by keyed hashes only: neither a name nor a birthday can be read from what is stored', async () => {
    const lines = await desk.dump();
    expect(lines.some((line) => line.includes('name-and-birthday'))).toBe(true);
    for (const clear of ['林黛玉', '史湘云', '05-20', '11-11']) {
      expect(lines.filter((line) => line.includes(clear))).toEqual([]);
    }
  });
});
