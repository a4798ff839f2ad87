import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkStored } from '@regulars/invariants';
import { PrincipalSigner } from '@regulars/service';
import { eventually, MembersServer, privateKeyOf, TestClock, type TestDatabase } from '@regulars/testing';
import pg from 'pg';
import { aMember, aPurchase, aStore, type TestMember, type TestStore, theTerms } from '../../test/chain.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';
import { ImportedMembers } from './imported.client.js';
import { balanceOf } from './opening.js';

const page = { limit: 50, after: undefined };
const LEASE_MS = 31_000;

/** A programme with a store, which nobody has bought in yet. */
interface Programme {
  readonly programmeId: string;
  readonly store: TestStore;
}

describe('Opening balances on a real database', () => {
  const clock = new TestClock(new Date().toISOString());
  const writing = () => ({ caller: 'finance-wu', key: randomUUID() });
  let database: TestDatabase;
  let members: MembersServer;
  let one: Pod;
  let other: Pod;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    members = await MembersServer.open();
    const signer = await PrincipalSigner.fromJwk(privateKeyOf('loyalty'));
    const imported = new ImportedMembers({ MEMBERS_ADDR: members.address }, signer);
    const start = () => Pod.start(database.url, clock, 1, undefined, imported);
    one = await start();
    other = await start();
  });

  afterAll(async () => {
    await Promise.all([one.stop(), other.stop()]);
    members.close();
    await database.drop();
  });

  async function aProgramme(): Promise<Programme> {
    const store = aStore();
    const terms = { ...theTerms(), tierReview: { everyMonths: 12, noticeDays: 30, graceDays: 10 } };
    return { store, programmeId: await one.open(store, terms, `O-${randomUUID().slice(0, 8).toUpperCase()}`) };
  }

  async function guest(): Promise<TestMember> {
    const member = aMember();
    await one.register(member);
    return member;
  }

  /** Begins an opening and hands its file over. */
  async function opened(
    { programmeId }: Programme,
    rows: readonly object[],
    { isDryRun = false, source = 'old-club', expected = null as null | { rows: number; points: number } } = {},
  ): Promise<string> {
    const begun = await one.openings.begin(writing(), { programmeId, source, isDryRun, expected });
    if (begun.outcome !== 'done') throw new Error(begun.reason);
    const { openingId } = begun.opening;
    const file = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const half = Math.floor(file.length / 2);
    for (const [part, content] of [file.subarray(0, half), file.subarray(half)].entries()) {
      expect(await one.openings.keep(openingId, part, content)).toEqual({ outcome: 'kept' });
    }
    expect(await one.openings.complete(openingId, 2)).toMatchObject({ outcome: 'done', opening: { state: 'booking' } });
    return openingId;
  }

  async function workAll(by: Pod = one): Promise<void> {
    while ((await by.openingReading.workDue()) > 0);
  }

  async function read(openingId: string) {
    const found = await one.openings.find(openingId);
    if (!found) throw new Error('no opening');
    return { ...found, balance: balanceOf(found) };
  }

  async function taken(programme: Programme, rows: readonly object[], options = {}) {
    const openingId = await opened(programme, rows, options);
    await workAll();
    return read(openingId);
  }

  const rejections = async (openingId: string) =>
    ((await one.openings.rejections(openingId, page))?.page ?? []).map(({ line, pointer, reason }) => [
      line,
      pointer,
      reason,
    ]);

  const balanceIn = async ({ programmeId }: Programme, memberId: string) => {
    const found = await one.points.balance(memberId, programmeId);
    return found.outcome === 'found' ? found.balance.balance : undefined;
  };

  async function brokenPromises(): Promise<object[]> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const checked = await checkStored(client, '1 hour').finally(() => client.end());
    return checked.filter(({ broken }) => broken).map(({ rule, cases }) => ({ rule, cases }));
  }

  it('[L16][L4][L5] books every lot with its end as an entry of its own, explained and in the statement', async () => {
    const programme = await aProgramme();
    const member = await guest();
    const lots = [
      { points: 700, expiresOn: '2099-03-31' },
      { points: 300, expiresOn: null },
    ];
    const expected = { rows: 1, points: 1_000 };
    const row = { externalId: 'C-1', memberNumber: member.number, lots };
    const opening = await taken(programme, [row], { expected });
    expect(opening).toMatchObject({
      state: 'done',
      booked: expected,
      file: expected,
      ledgerPoints: 1_000,
      balance: 'matches',
    });
    expect(await balanceIn(programme, member.memberId)).toBe(1_000);
    const found = await one.points.entries(member.memberId, programme.programmeId, page);
    const entries = found.outcome === 'found' ? found.page : [];
    expect(entries).toMatchObject([
      { kind: 'opening', points: 300, balanceAfter: 1_000, sourceId: opening.openingId },
      { kind: 'opening', points: 700, balanceAfter: 700, sourceId: opening.openingId },
    ]);
    const explained = await one.points.explain(entries[1]?.entryId ?? '');
    expect(explained?.steps).toEqual([['brought-in', 7_000_000, { points: 700, line: 1 }]]);
    const month = new Date(clock.now().getTime() + 8 * 3_600_000).toISOString().slice(0, 7);
    const statement = await one.points.statement(member.memberId, programme.programmeId, month, page);
    expect(statement).toMatchObject({ opening: 0, earned: 1_000, taken: 0, closing: 1_000 });
    const ends = await one.rows<{ ends: Date | null }>(
      'SELECT expires_at AS ends FROM lot WHERE member_id = $1 ORDER BY points',
      [member.memberId],
    );
    expect(ends).toEqual([{ ends: null }, { ends: new Date('2099-03-31T16:00:00Z') }]);
    const told = await one.rows<{ payload: Record<string, unknown> }>(
      `SELECT payload FROM outbox WHERE aggregateid = $1 AND type = 'regulars.loyalty.v1.PointsBroughtIn' ORDER BY ord`,
      [member.memberId],
    );
    expect(told.map(({ payload }) => payload)).toMatchObject([
      { points: 700, openingId: opening.openingId },
      { points: 300, balanceAfter: 1_000 },
    ]);
  });

  it('[L16][L7] keeps a tier until its date, and counts what was spent before for the next', async () => {
    const programme = await aProgramme();
    const [kept, spender] = [await guest(), await guest()];
    await taken(programme, [
      { externalId: 'T-1', memberNumber: kept.number, tier: 'gold', tierUntil: '2099-06-30' },
      {
        externalId: 'T-2',
        memberNumber: spender.number,
        history: [
          { date: '2020-01-01', spentMinor: 900_000 },
          { date: yesterday(), spentMinor: 99_900 },
        ],
      },
    ]);
    expect(await one.tiers.tier(kept.memberId, programme.programmeId)).toMatchObject({
      balance: { standing: { tier: { code: 'gold' } } },
      kept: { tier: 'gold', until: '2099-06-30' },
    });
    const { page: changes } = await one.tiers.changes(kept.memberId, page);
    expect(changes).toMatchObject([{ kind: 'granted', fromTier: 'regular', toTier: 'gold', reason: 'opening' }]);
    expect(await one.tiers.tier(spender.memberId, programme.programmeId)).toMatchObject({
      balance: { balance: 0, standing: { tier: { code: 'regular' }, spentMinor: 99_900 } },
    });
    const [bought] = await one.post([aPurchase({ at: programme.store, by: spender, minor: 200 })]);
    expect(bought?.outcome).toMatchObject({ $case: 'credited', value: { tier: { tier: 'gold' } } });
  });

  it('[L16] tells in a dry run what it would come to, and books nothing', async () => {
    const programme = await aProgramme();
    const member = await guest();
    const rows = [
      { externalId: 'D-1', memberNumber: member.number, lots: [{ points: 10 }] },
      { externalId: 'D-2', memberNumber: '999', lots: [{ points: 20 }] },
      { externalId: 'D-3', lots: [{ points: -1 }] },
    ];
    const tried = await taken(programme, rows, { isDryRun: true });
    expect(tried).toMatchObject({
      state: 'done',
      file: { rows: 3, points: 30 },
      booked: { rows: 1, points: 10 },
      waiting: { rows: 1, points: 20 },
      rejected: { rows: 1, points: 0 },
      balance: 'differs',
    });
    expect(await rejections(tried.openingId)).toEqual([[3, '/lots/0/points', 'MALFORMED']]);
    expect(await balanceIn(programme, member.memberId)).toBeUndefined();
    expect(await one.openings.undo(writing(), tried.openingId)).toMatchObject({ reason: 'OPENING_NOT_DONE' });
    const done = await taken(programme, rows.slice(0, 1));
    expect(done).toMatchObject({ booked: { rows: 1, points: 10 }, balance: 'matches' });
  });

  it('[L16] counts a row once by its external id, in one file or in two, and refuses another under it', async () => {
    const programme = await aProgramme();
    const member = await guest();
    const row = { externalId: 'R-1', memberNumber: member.number, lots: [{ points: 40, expiresOn: '2099-01-01' }] };
    const twice = await taken(programme, [row, row], { expected: { rows: 2, points: 80 } });
    expect(twice).toMatchObject({
      booked: { rows: 1, points: 40 },
      repeated: { rows: 1, points: 40 },
      balance: 'matches',
    });
    expect(await taken(programme, [row])).toMatchObject({ repeated: { rows: 1, points: 40 }, balance: 'matches' });
    const changed = await taken(programme, [{ ...row, lots: [{ points: 41, expiresOn: '2099-01-01' }] }]);
    expect(changed).toMatchObject({ rejected: { rows: 1, points: 41 }, balance: 'differs' });
    expect(await rejections(changed.openingId)).toEqual([[1, '/externalId', 'EXTERNAL_ID_TAKEN']]);
    expect(await balanceIn(programme, member.memberId)).toBe(40);
    expect(await taken(programme, [row], { source: 'other-club' })).toMatchObject({ booked: { rows: 1, points: 40 } });
  });

  it('[L16] books the same file once when it is handed over twice and read on two replicas at once', async () => {
    const programme = await aProgramme();
    const guests = await Promise.all(Array.from({ length: 20 }, guest));
    const rows = Array.from({ length: 900 }, (_, index) => ({
      externalId: `P-${index}`,
      memberNumber: guests[index % guests.length]?.number,
      lots: [{ points: index + 1 }],
    }));
    const ids = [await opened(programme, rows), await opened(programme, rows)];
    await Promise.all([workAll(one), workAll(other)]);
    await workAll();
    const [first, second] = await Promise.all(ids.map(read));
    const points = (900 * 901) / 2;
    expect((first?.booked.points ?? 0) + (second?.booked.points ?? 0)).toBe(points);
    expect((first?.repeated.points ?? 0) + (second?.repeated.points ?? 0)).toBe(points);
    expect([first?.balance, second?.balance]).toEqual(['matches', 'matches']);
    const [ledger] = await one.rows<{ points: number }>(
      `SELECT sum(points)::bigint AS points FROM entry WHERE programme_id = $1`,
      [programme.programmeId],
    );
    expect(ledger?.points).toBe(points);
  });

  it('[L16] goes on where it was left when its connections are cut in the middle', async () => {
    const programme = await aProgramme();
    const guests = await Promise.all(Array.from({ length: 10 }, guest));
    const rows = Array.from({ length: 2_000 }, (_, index) => ({
      externalId: `K-${index}`,
      memberNumber: guests[index % guests.length]?.number,
      lots: [{ points: 5 }],
    }));
    const openingId = await opened(programme, rows);
    const reading = one.openingReading.readOne().catch(() => 0);
    await eventually(async () => ((await other.openings.find(openingId))?.line ?? 0) > 0);
    await other.rows(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%opening%'`,
    );
    await reading;
    await eventually(async () => {
      clock.advance(LEASE_MS);
      await workAll(other);
      return (await read(openingId)).state === 'done';
    });
    await workAll(other);
    const all = { rows: 2_000, points: 10_000 };
    const none = { rows: 0, points: 0 };
    expect(await read(openingId)).toMatchObject({
      file: all,
      booked: all,
      repeated: none,
      rejected: none,
      ledgerPoints: 10_000,
      balance: 'matches',
    });
  });

  it('[L16] waits for members who are not known yet, by number or as they were imported', async () => {
    const programme = await aProgramme();
    const [late, imported] = [aMember(), aMember()];
    const openingId = await opened(programme, [
      { externalId: 'W-1', memberNumber: late.number, lots: [{ points: 11 }] },
      { externalId: 'W-2', lots: [{ points: 22 }], tier: 'gold', tierUntil: '2099-12-31' },
    ]);
    await workAll();
    expect(await read(openingId)).toMatchObject({ state: 'done', waiting: { rows: 2, points: 33 }, balance: 'waits' });
    members.imported.set('old-club W-2', imported.memberId);
    await one.register(late, imported);
    clock.advance(LEASE_MS);
    await workAll();
    expect(await read(openingId)).toMatchObject({
      booked: { rows: 2, points: 33 },
      ledgerPoints: 33,
      balance: 'matches',
    });
    expect(await balanceIn(programme, late.memberId)).toBe(11);
    expect(await balanceIn(programme, imported.memberId)).toBe(22);
    const kept = await one.rows<{ external_id: string | null }>(
      'SELECT external_id FROM opening_row WHERE opening_id = $1',
      [openingId],
    );
    expect(kept.map(({ external_id }) => external_id)).toEqual([null, null]);
  });

  it('[L16] takes all of it back before going live, also from who was merged, and brings it in again', async () => {
    const programme = await aProgramme();
    const guests = await Promise.all(Array.from({ length: 3 }, guest));
    const rows = [
      ...guests.map(({ number }, index) => ({
        externalId: `U-${index}`,
        memberNumber: number,
        lots: [{ points: 100 }, { points: 1, expiresOn: null }],
        ...(index === 0 && { tier: 'gold', tierUntil: '2099-01-31' }),
        history: [{ date: yesterday(), spentMinor: 5_000 }],
      })),
      { externalId: 'U-9', memberNumber: '404', lots: [{ points: 9 }] },
    ];
    const { openingId } = await taken(programme, rows);
    const [survivor, merged] = guests;
    const order = {
      mergeId: randomUUID(),
      survivorId: survivor?.memberId ?? '',
      mergedId: merged?.memberId ?? '',
      isUndo: false,
    };
    await one.dataSource.transaction((tx) => one.members.keepMerges(tx, [order]));
    while ((await one.merges.carryOutDue()) > 0);
    expect(await balanceIn(programme, order.survivorId)).toBe(202);
    const undoing = writing();
    const ordered = await one.openings.undo(undoing, openingId);
    expect(ordered).toMatchObject({ outcome: 'done', replayed: false, opening: { state: 'undoing' } });
    expect(await one.openings.undo(undoing, openingId)).toMatchObject({ outcome: 'done', replayed: true });
    expect(await one.openings.undo(writing(), openingId)).toMatchObject({ reason: 'ALREADY_UNDONE' });
    await workAll();
    expect(await read(openingId)).toMatchObject({ state: 'undone', ledgerPoints: 0, balance: 'matches' });
    const left = await one.rows(
      `SELECT a.member_id FROM account a WHERE programme_id = $1 AND (balance <> 0 OR debt <> 0 OR tier IS NOT NULL)
       UNION ALL SELECT member_id FROM lot WHERE programme_id = $1 AND remaining <> 0
       UNION ALL SELECT member_id FROM member_day WHERE programme_id = $1 AND (points <> 0 OR spent_minor <> 0)
       UNION ALL SELECT opening_id FROM opening_row WHERE programme_id = $1 AND state IN ('waiting', 'booked')`,
      [programme.programmeId],
    );
    expect(left).toEqual([]);
    expect(await taken(programme, rows.slice(0, 3))).toMatchObject({
      booked: { rows: 3, points: 303 },
      balance: 'matches',
    });
    expect(await balanceIn(programme, order.survivorId)).toBe(202);
  });

  it('[L16] is not taken back once somebody has bought, and what is brought in later still counts', async () => {
    const programme = await aProgramme();
    const member = await guest();
    const { openingId } = await taken(programme, [
      { externalId: 'L-1', memberNumber: member.number, lots: [{ points: 500 }] },
    ]);
    await one.post([aPurchase({ at: programme.store, by: member, minor: 1_000 })]);
    expect(await one.openings.undo(writing(), openingId)).toEqual({ outcome: 'refused', reason: 'PROGRAMME_LIVE' });
    await taken(programme, [{ externalId: 'L-2', memberNumber: member.number, lots: [{ points: 7 }] }]);
    expect(await balanceIn(programme, member.memberId)).toBe(517);
  });

  it('[L16] rejects rows of members who were erased', async () => {
    const programme = await aProgramme();
    const member = await guest();
    await one.rows('UPDATE member SET gone_at = now() WHERE member_id = $1', [member.memberId]);
    const row = { externalId: 'E-1', memberNumber: member.number, lots: [{ points: 5 }] };
    const opening = await taken(programme, [row]);
    expect(opening).toMatchObject({ rejected: { rows: 1, points: 5 }, balance: 'differs' });
    expect(await rejections(opening.openingId)).toEqual([[1, '', 'MEMBER_GONE']]);
  });

  it('[L16][O4] answers the same under a key, takes no part of a file that is whole, and notes who did it', async () => {
    const { programmeId } = await aProgramme();
    const beginning = { programmeId, source: 'old-club', isDryRun: false, expected: null };
    const write = writing();
    const first = await one.openings.begin(write, beginning);
    const again = await other.openings.begin(write, beginning);
    if (first.outcome !== 'done' || again.outcome !== 'done') throw new Error('refused');
    const { openingId } = first.opening;
    expect([again.opening.openingId, again.replayed]).toEqual([openingId, true]);
    expect(await one.openings.begin(write, { ...beginning, source: 'x' })).toMatchObject({
      reason: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect(await one.openings.begin(writing(), { ...beginning, programmeId: randomUUID() })).toMatchObject({
      reason: 'PROGRAMME_UNKNOWN',
    });
    expect(await one.openings.complete(openingId, 1)).toMatchObject({ reason: 'OPENING_PARTS_MISSING' });
    await one.openings.keep(openingId, 0, Buffer.from('{}'));
    await one.openings.complete(openingId, 1);
    expect(await one.openings.keep(openingId, 0, Buffer.from('{}'))).toMatchObject({ reason: 'OPENING_NOT_RECEIVING' });
    const log = await one.rows('SELECT principal, change FROM configuration_log WHERE record_id = $1', [openingId]);
    expect(log).toEqual([{ principal: 'finance-wu', change: 'opening-begun' }]);
    await workAll();
  });

  it('[L4][L16] leaves every stored promise kept, after all of that', async () => {
    expect(await brokenPromises()).toEqual([]);
  });

  function yesterday(): string {
    return new Date(clock.now().getTime() + 8 * 3_600_000 - 86_400_000).toISOString().slice(0, 10);
  }
});
