import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkEach, checkStored } from '@regulars/invariants';
import { OWNERS, type OwnerName, type Provisioned, provision, unprovision } from '@regulars/tools';
import pg from 'pg';

const server = process.env.REGULARS_TEST_DATABASE_URL ?? '';
const database = `test_faults_${process.pid}_${Date.now()}`;
const run = promisify(execFile);

let client: pg.Client;

/** Tables as the product's own migrations make them. */
async function migrate(service: OwnerName, { urls }: Provisioned): Promise<void> {
  await run(process.execPath, [join('services', service, 'dist', 'src', 'main.js'), 'migrate'], {
    env: {
      PATH: process.env.PATH ?? '',
      LOG_LEVEL: 'error',
      OPS_PORT: '0',
      GRPC_PORT: '0',
      KAFKA_BROKERS: '127.0.0.1:1',
      PRINCIPAL_KEYS: '{"keys":[]}',
      PRINCIPAL_PRIVATE_KEY: '{}',
      DATABASE_URL: urls[service],
      SMTP_URL: 'smtp://127.0.0.1:1',
      MAIL_FROM: 'no-reply@regulars.example',
      MEMBERS_ADDR: '127.0.0.1:1',
    },
  });
}

beforeAll(async () => {
  const passwords = Object.fromEntries(OWNERS.map((owner) => [owner, randomUUID()])) as Record<OwnerName, string>;
  const provisioned = await provision(server, database, passwords);
  await Promise.all([migrate('loyalty', provisioned), migrate('notifications', provisioned)]);
  client = new pg.Client({ connectionString: provisioned.adminUrl });
  await client.connect();
  for (let n = 1; n <= 3; n++) await storePurchase(n);
});

afterAll(async () => {
  await client.end();
  await unprovision(server, database);
});

const member = randomUUID();
const programme = randomUUID();
const counter = [randomUUID(), randomUUID()];
const purchaseIds = ['', randomUUID(), randomUUID(), randomUUID()];

/** A member's n-th purchase of ten points, whole: claim, key, entry, lot, account, event and message. */
async function storePurchase(n: number): Promise<void> {
  const id = purchaseIds[n];
  const event = randomUUID();
  await client.query('begin');
  await client.query(
    `insert into loyalty.purchase (programme_id, store_id, till_id, business_date, receipt_number, purchase_id, fingerprint,
       rung_at, rung_at_offset_minutes, state, member_id, programme_version, total_minor, channel, party_size, lines, payments,
       result, posted_at)
     values ($1, $2, $3, current_date, $4, $5, '', now(), 0, 'credited', $6, 1, 1000, 'dine-in', 1, '[]', '[]', '{}', now())`,
    [programme, ...counter, `R${n}`, id, member],
  );
  await client.query(
    `insert into loyalty.idempotency (caller, route, key, fingerprint, result, created_at)
     values ('till', 'purchase', $1, '', json_build_object('o', 'credited', 'id', $2::text), now())`,
    [`key-${n}`, id],
  );
  await client.query(
    `insert into loyalty.entry (entry_id, member_id, programme_id, member_seq, kind, points, balance_after, source_id,
       business_date, posted_at, programme_version, explain)
     values ($1, $2, $3, $4, 'earn', 10, $5, $1, current_date, now(), 1, '[]')`,
    [id, member, programme, n, n * 10],
  );
  await client.query(
    'insert into loyalty.lot (lot_id, member_id, programme_id, points, remaining) values ($1, $2, $3, 10, 10)',
    [id, member, programme],
  );
  await client.query(
    `insert into loyalty.account (member_id, programme_id, balance, debt, member_seq, posted_at) values ($1, $2, $3, 0, $4, now())
     on conflict (member_id, programme_id) do update set balance = excluded.balance, member_seq = excluded.member_seq`,
    [member, programme, n * 10, n],
  );
  await client.query(
    `insert into loyalty.outbox (id, aggregatetype, aggregateid, type, payload, member_seq)
     values ($1, 'regulars.loyalty.points.v1', $2, 'regulars.loyalty.v1.PointsEarned',
       json_build_object('entryId', $3::text, 'points', 10), $4)`,
    [event, member, id, n],
  );
  await client.query(
    `insert into notifications.message (message_id, cause_id, member_id, template, channel, variables, state, created_at, due_at,
       expires_at) values ($1, $2, $3, 'points-earned', 'email', '{}', 'WAITING', now(), now(), now())`,
    [randomUUID(), event, member],
  );
  await client.query(`update loyalty.relay_cursor set through_ord = 9223372036854775807`);
  await client.query('commit');
}

/** The rules that are broken after `damage`; the damage is undone. */
async function brokenBy(...damage: string[]): Promise<string[]> {
  const damaging = new pg.Client({ connectionString: urlOfDatabase() });
  await damaging.connect();
  try {
    await damaging.query('begin');
    // Constraints would stop most of this; what they hold back today, a migration may let pass tomorrow.
    await damaging.query(`alter table loyalty.entry drop constraint entry_once_per_source`);
    await damaging.query(`alter table notifications.message drop constraint message_once`);
    for (const sql of damage) expect((await damaging.query(sql)).rowCount).toBeGreaterThan(0);
    const checked = await checkEach(damaging, '0 seconds');
    return checked.filter(({ broken }) => (broken ?? 0) > 0).map(({ rule }) => rule);
  } finally {
    await damaging.query('rollback');
    await damaging.end();
  }
}

function urlOfDatabase(): string {
  return Object.assign(new URL(server), { pathname: `/${database}` }).toString();
}

const first = () => `'${purchaseIds[1]}'`;

describe('The stored invariants', () => {
  it('[L4] hold for purchases that were stored whole', async () => {
    const checked = await checkStored(client, '0 seconds');
    expect(checked.filter(({ broken }) => (broken ?? 0) > 0)).toEqual([]);
    expect(checked.filter(({ broken }) => broken === undefined).map(({ rule }) => rule)).toEqual([
      'a member is asked about one visit a month',
      'no key is parked',
    ]);
  });

  it('[L4] see a balance that is not the sum of its entries', async () => {
    const broken = await brokenBy('update loyalty.account set balance = balance + 1');
    expect(broken).toEqual(['a balance is the sum of its entries', 'a balance is what its lots have left, less debts']);
  });

  it('[L4] see an account that its entries have lost', async () => {
    expect(await brokenBy('delete from loyalty.account')).toContain('a balance is the sum of its entries');
  });

  it('[L5] see points that were taken from a lot and not from the balance', async () => {
    const broken = await brokenBy(`update loyalty.lot set remaining = 4 where lot_id = ${first()}`);
    expect(broken).toEqual(['a balance is what its lots have left, less debts']);
  });

  it('[L5] see an earning without its lot', async () => {
    const broken = await brokenBy(`delete from loyalty.lot where lot_id = ${first()}`);
    expect(broken).toContain('points earned are a lot');
  });

  it('[L4] see points given by hand or brought in without their lot, and a lot that nothing stands for', async () => {
    const rule = 'points earned are a lot';
    const givenBy = (kind: string) =>
      `insert into loyalty.entry select gen_random_uuid(), member_id, programme_id, 4, '${kind}', 10, 40, source_id, store_id,
         business_date, posted_at, programme_version, explain from loyalty.entry where entry_id = ${first()}`;
    const itsLot = `insert into loyalty.lot (lot_id, member_id, programme_id, points, remaining)
      select entry_id, member_id, programme_id, points, points from loyalty.entry where member_seq = 4`;
    for (const kind of ['adjust', 'opening']) {
      expect(await brokenBy(givenBy(kind))).toContain(rule);
      expect(await brokenBy(givenBy(kind), itsLot)).not.toContain(rule);
    }
    expect(await brokenBy(givenBy('redemption-return'), itsLot)).toContain(rule);
  });

  it('[L4][M5] see a lot that is with somebody else for no reason', async () => {
    const rule = 'points earned are a lot';
    const [survivor, merged] = [randomUUID(), member];
    const moved = `update loyalty.lot set member_id = '${survivor}' where lot_id = ${first()}`;
    const merge = (state: string) =>
      `insert into loyalty.member_merge (merge_id, survivor_id, merged_id, state, booked_at, undone_at)
       values ('${randomUUID()}', '${survivor}', '${merged}', '${state}', now() + interval '1 day', now() + interval '1 day')`;
    expect(await brokenBy(moved)).toContain(rule);
    expect(await brokenBy(moved, merge('ordered'))).toContain(rule);
    expect(await brokenBy(moved, merge('booked'))).not.toContain(rule);
    const theirs = `update loyalty.lot set member_id = '${merged}' where lot_id = ${first()}`;
    const booked = `update loyalty.entry set member_id = '${survivor}' where entry_id = ${first()}`;
    expect(await brokenBy(booked, theirs, merge('undone'))).toContain(rule);
    const atOnce = `update loyalty.member_merge set booked_at = '-infinity'`;
    expect(await brokenBy(booked, theirs, merge('undone'), atOnce)).not.toContain(rule);
    const known = `insert into loyalty.member (member_id, number, code_token_sha256, language, registered_at, merged_into)
      values ('${merged}', 'M1', '', 'en', now(), '${survivor}')`;
    expect(await brokenBy(merge('booked'), known)).toContain(rule);
    const madeGood = (
      mergeId: string,
    ) => `insert into loyalty.lot (lot_id, member_id, programme_id, points, remaining, made_good_in)
      values (gen_random_uuid(), '${survivor}', '${programme}', 5, 0, ${mergeId})`;
    const itsMerge = `(select merge_id from loyalty.member_merge)`;
    expect(await brokenBy(merge('booked'), madeGood(itsMerge))).toContain(rule);
    expect(await brokenBy(merge('undone'), madeGood(itsMerge))).not.toContain(rule);
  });

  it('[L4] see a gap in member_seq', async () => {
    const broken = await brokenBy('update loyalty.entry set member_seq = 9 where member_seq = 2');
    expect(broken).toContain('member_seq has no gap');
  });

  it('[L4] see a balance_after that does not follow', async () => {
    const broken = await brokenBy('update loyalty.entry set balance_after = 21 where member_seq = 2');
    expect(broken).toEqual(['balance_after follows from the entry before']);
  });

  it('[L1] see a purchase that was credited twice', async () => {
    const broken = await brokenBy(
      `insert into loyalty.entry select gen_random_uuid(), member_id, programme_id, 4, kind, 0, 30, source_id, store_id,
         business_date, posted_at, programme_version, explain from loyalty.entry where entry_id = ${first()}`,
    );
    expect(broken).toContain('a purchase is credited at most once');
  });

  it('[L1] see two receipts of one purchase', async () => {
    const broken = await brokenBy(`update loyalty.purchase set purchase_id = ${first()} where receipt_number = 'R2'`);
    expect(broken).toContain('a purchase has one receipt');
  });

  it('[L1] see half a purchase, whichever half is missing', async () => {
    const rule = 'a purchase is credited exactly when it says so';
    expect(await brokenBy(`delete from loyalty.purchase where purchase_id = ${first()}`)).toContain(rule);
    expect(await brokenBy(`delete from loyalty.entry where entry_id = ${first()}`)).toContain(rule);
    expect(await brokenBy(`update loyalty.purchase set member_id = gen_random_uuid()`)).toContain(rule);
  });

  it('[L1] see a held purchase that nobody finds, and a credited one that is still due', async () => {
    const rule = 'what is kept for later is due or held';
    expect(await brokenBy(`update loyalty.purchase set state = 'held'`)).toContain(rule);
    const due = await brokenBy(
      `insert into loyalty.pending_purchase select purchase_id, programme_id, store_id, till_id, business_date,
         receipt_number, 'id', now() from loyalty.purchase`,
    );
    expect(due).toEqual([rule]);
  });

  it('[L1] see a key that answers for a purchase that is not there', async () => {
    const broken = await brokenBy(`delete from loyalty.purchase where purchase_id = ${first()}`);
    expect(broken).toContain('a key answers for a purchase that is stored');
  });

  it('[O2] see an entry without its event, with two, or under another member', async () => {
    const rule = 'an entry has exactly one event, under its member and number';
    expect(await brokenBy('delete from loyalty.outbox where member_seq = 2')).toContain(rule);
    expect(await brokenBy('update loyalty.outbox set member_seq = 7 where member_seq = 2')).toContain(rule);
    const twice = `insert into loyalty.outbox (id, aggregatetype, aggregateid, type, payload, member_seq)
      select gen_random_uuid(), aggregatetype, aggregateid, type, payload, member_seq from loyalty.outbox`;
    expect(await brokenBy(twice)).toContain(rule);
  });

  it('[O2] see an event that the relay has not published', async () => {
    expect(await brokenBy(`update loyalty.relay_cursor set through_ord = 0`)).toEqual([
      'no event waits to be published',
    ]);
  });

  it('[N6] see an event without its message, and one with two', async () => {
    expect(await brokenBy('delete from notifications.message')).toEqual([
      'an event that earned points leads to one message',
    ]);
    const twice = `insert into notifications.message select gen_random_uuid(), cause_id, member_id, template, channel, store_id,
      variables, language, state, reason, attempts, possible_duplicate, created_at, due_at, expires_at, lease_token,
      sending_since, sent_at from notifications.message`;
    expect(await brokenBy(twice)).toEqual([
      'an event that earned points leads to one message',
      'a message is written once per cause, recipient and template',
    ]);
  });
});
