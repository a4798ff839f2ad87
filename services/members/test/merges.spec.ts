import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MergeBooked, UnmergeBooked } from '@regulars/contracts/loyalty/v1/merges_events';
import { MergeServiceService, MergeState } from '@regulars/contracts/members/v1/merges';
import { PrivacyRequestKind, PrivacyRequestServiceService } from '@regulars/contracts/members/v1/privacy_requests';
import { type RpcClient, rpcClient } from '@regulars/service';
import { eventually, type PrincipalClaims, publish } from '@regulars/testing';
import { agent, as, bund, Desk, nobody, refusalOf, xuhui } from './desk.js';

const anyMobile = () => `+86139${String(randomInt(100_000_000)).padStart(8, '0')}`;
const key = () => randomBytes(8).toString('hex');
const administrator: PrincipalClaims = { sub: 'admin-he', kind: 'person', roles: ['administrator'] };
const managerOf = (store: string): PrincipalClaims => ({
  sub: 'manager',
  kind: 'person',
  roles: ['store-manager'],
  stores: [store],
});

describe('Merges of members', () => {
  let desk: Desk;
  let client: RpcClient<typeof MergeServiceService>;
  let requests: RpcClient<typeof PrivacyRequestServiceService>;

  const registered = async () => desk.register({ mobile: anyMobile() });
  const verified = async () => {
    const member = await registered();
    await desk.database.query('UPDATE member SET mobile_verified_at = now() WHERE member_id = $1', [member.memberId]);
    return member;
  };
  const order = async (survivorId: string, mergedId: string, change = {}, claims = agent) => {
    const request = { survivorId, mergedId, mobilesMayDiffer: false, idempotencyKey: key(), ...change };
    return client.mergeMembers(request, await as(claims));
  };
  const undo = async (mergeId: string, idempotencyKey = key()) =>
    client.undoMerge({ mergeId, idempotencyKey }, await as(agent));
  const stateOf = async (mergeId: string) => (await client.getMerge({ mergeId }, await as(agent))).merge;
  const read = async (memberId: string) =>
    (await desk.client.getMember({ memberId, purpose: '' }, await as(agent))).member;

  /** As loyalty tells it. */
  async function tell(type: 'MergeBooked' | 'UnmergeBooked', mergeId: string, state: MergeState): Promise<void> {
    const bookedAt = new Date();
    const outcome = { exact: false, compensatedPoints: 100, owedPoints: 40 };
    const payload = (
      type === 'MergeBooked'
        ? MergeBooked.toJSON({ mergeId, bookedAt })
        : UnmergeBooked.toJSON({ mergeId, bookedAt, ...outcome })
    ) as object;
    const event = { type: `regulars.loyalty.v1.${type}`, key: mergeId, payload };
    await publish(`${desk.service.topicPrefix}regulars.loyalty.merge.v1`, [event]);
    await eventually(async () => expect((await stateOf(mergeId))?.state).toBe(state));
  }

  async function merged() {
    const [survivor, other] = [await registered(), await registered()];
    const { merge } = await order(survivor.memberId, other.memberId);
    const mergeId = merge?.mergeId ?? '';
    await tell('MergeBooked', mergeId, MergeState.BOOKED);
    return { survivor, other, mergeId };
  }

  beforeAll(async () => {
    desk = await Desk.open();
    client = rpcClient(MergeServiceService, desk.service.grpcAddress);
    requests = rpcClient(PrivacyRequestServiceService, desk.service.grpcAddress);
  });

  afterAll(async () => {
    client.close();
    requests.close();
    await desk.close();
  });

  it('[M5] are told under both keys by ids only, once for each idempotency key', async () => {
    const [survivor, other] = [await registered(), await registered()];
    const idempotencyKey = key();
    const first = await order(survivor.memberId, other.memberId, { idempotencyKey });
    const again = await order(survivor.memberId, other.memberId, { idempotencyKey });
    expect([first.replayed, again.replayed, again.merge]).toEqual([false, true, first.merge]);
    for (const { memberId } of [survivor, other]) {
      const told = await eventually(async () => {
        const events = (await desk.eventsOf(memberId)).filter(({ headers }) =>
          headers.ce_type?.endsWith('MembersMerged'),
        );
        return events.length > 0 && events;
      });
      expect(told).toHaveLength(1);
      expect(JSON.parse(told[0]?.value ?? '')).toMatchObject({
        mergeId: first.merge?.mergeId,
        survivorId: survivor.memberId,
      });
    }
    const reused = order(other.memberId, survivor.memberId, { idempotencyKey });
    expect(await refusalOf(reused)).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('[M5][M4] let the old number, mobile and code find who is left, and both records tell of each other', async () => {
    const { survivor, other } = await merged();
    const by = { $case: 'number', value: other.number } as const;
    const found = await desk.client.findMember({ by }, await as(agent));
    expect(found.member).toMatchObject({ memberId: survivor.memberId, mergedIds: [other.memberId] });
    const code = { $case: 'codeToken', value: other.codeToken } as const;
    expect((await desk.client.findMember({ by: code }, await as(agent))).member?.memberId).toBe(survivor.memberId);
    expect(await read(other.memberId)).toMatchObject({ mergedInto: survivor.memberId, mergedIds: [] });
    const { merges } = await client.listMerges({ memberId: other.memberId, page: undefined }, await as(agent));
    expect(merges).toMatchObject([{ survivorId: survivor.memberId, mergedId: other.memberId }]);
  });

  it('[M5] refuse a circle, a merged or unknown member, herself, and a second merge before the first is booked', async () => {
    const { survivor, other } = await merged();
    const third = await registered();
    const refused = async (one: string, two: string) => (await refusalOf(order(one, two))).code;
    expect(await refused(other.memberId, survivor.memberId)).toBe('MERGE_CYCLE');
    expect(await refused(third.memberId, other.memberId)).toBe('MEMBER_MERGED');
    expect(await refused(other.memberId, third.memberId)).toBe('SURVIVOR_MERGED');
    expect(await refused(third.memberId, third.memberId)).toBe('SAME_MEMBER');
    expect(await refused(third.memberId, nobody)).toBe('MEMBER_UNKNOWN');
    const next = await registered();
    await order(third.memberId, next.memberId);
    expect(await refused(survivor.memberId, third.memberId)).toBe('MERGE_UNDER_WAY');
  });

  it('[M5] refuse two who verified a mobile each, until somebody says that one person has both', async () => {
    const [one, other] = [await verified(), await verified()];
    const differ = await refusalOf(order(one.memberId, other.memberId));
    expect(differ.code).toBe('MOBILES_DIFFER');
    const said = await order(one.memberId, other.memberId, { mobilesMayDiffer: true });
    expect(said.merge?.state).toBe(MergeState.ORDERED);
  });

  it('[M5] meet each other in the members: of two in opposite directions one is refused', async () => {
    const [one, other] = [await registered(), await registered()];
    const both = await Promise.allSettled([order(one.memberId, other.memberId), order(other.memberId, one.memberId)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('[M5][O4] are for the staff of the stores where both registered', async () => {
    const [one, other] = [await registered(), await registered()];
    const foreign = order(one.memberId, other.memberId, {}, managerOf(xuhui));
    expect(await refusalOf(foreign)).toMatchObject({ code: 'STORE_NOT_ALLOWED' });
    expect((await order(one.memberId, other.memberId, {}, managerOf(bund))).merge?.orderedBy).toBe('manager');
  });

  it('[M5] are undone once, last one first, and tell how', async () => {
    const { survivor, other, mergeId } = await merged();
    const last = await registered();
    const { merge } = await order(last.memberId, survivor.memberId);
    const lastId = merge?.mergeId ?? '';
    await tell('MergeBooked', lastId, MergeState.BOOKED);
    expect(await read(other.memberId)).toMatchObject({ mergedInto: last.memberId });
    expect(await refusalOf(undo(mergeId))).toMatchObject({ code: 'SURVIVOR_MERGED' });
    const idempotencyKey = key();
    expect((await undo(lastId, idempotencyKey)).merge?.state).toBe(MergeState.UNDO_ORDERED);
    expect((await undo(lastId, idempotencyKey)).replayed).toBe(true);
    expect(await read(other.memberId)).toMatchObject({ mergedInto: survivor.memberId });
    expect(await refusalOf(undo(mergeId))).toMatchObject({ code: 'MERGE_UNDER_WAY' });
    await tell('UnmergeBooked', lastId, MergeState.UNDONE);
    expect(await stateOf(lastId)).toMatchObject({ exact: false, compensatedPoints: 100, owedPoints: 40 });
    await undo(mergeId);
    expect(await read(other.memberId)).toMatchObject({ mergedInto: '' });
    expect(await refusalOf(undo(lastId))).toMatchObject({ code: 'ALREADY_UNDONE' });
    expect(await refusalOf(undo(randomUUID()))).toMatchObject({ code: 'MERGE_UNKNOWN' });
  });

  it('[M5][M6] are refused with who is erased, and an erasure takes every record of the person', async () => {
    const { survivor, other, mergeId } = await merged();
    const ask = async (memberId: string) => {
      const request = { memberId, kind: PrivacyRequestKind.ERASURE, idempotencyKey: key() };
      return requests.orderRequest(request, await as(administrator));
    };
    await ask(survivor.memberId);
    const gone = async (memberId: string) => {
      const { rows } = await desk.database.query('SELECT FROM member_key WHERE member_id = $1', [memberId]);
      return rows.length === 0;
    };
    await eventually(async () => (await gone(survivor.memberId)) && (await gone(other.memberId)));
    const third = await registered();
    expect(await refusalOf(order(third.memberId, survivor.memberId))).toMatchObject({ code: 'MEMBER_GONE' });
    expect(await refusalOf(undo(mergeId))).toMatchObject({ code: 'MEMBER_GONE' });
    const [one, two] = [await registered(), await registered()];
    await order(one.memberId, two.memberId);
    expect(await refusalOf(ask(one.memberId))).toMatchObject({ code: 'MERGE_UNDER_WAY' });
  });
});
