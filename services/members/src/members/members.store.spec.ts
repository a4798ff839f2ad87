import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { MemberNature, RegistrationChannel } from '@regulars/contracts/members/v1/members';
import { Outbox } from '@regulars/messaging';
import { dataSourceOptions, migrate, type Principal, readSettings } from '@regulars/service';
import { eventually, TestClock, type TestDatabase, testDatabase } from '@regulars/testing';
import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import type { Caller } from '../caller.js';
import { membersSettings } from '../members.config.js';
import { AccessLogService } from '../privacy/access-log.service.js';
import { VaultService } from '../privacy/vault.service.js';
import { RepublishOps } from '../republish.ops.js';
import { MembersService } from './members.service.js';
import { findByMobiles, findMember } from './members.store.js';
import { RegistrationService } from './registration.service.js';

const principal: Principal = { sub: 'agent-zhao', kind: 'person', roles: ['agent'], stores: '*' };
const caller: Caller = { principal, traceparent: undefined };

describe('Members on their database', () => {
  const clock = new TestClock('2026-03-01T08:00:00Z');
  let database: TestDatabase;
  let dataSource: DataSource;
  let registrations: RegistrationService;
  let members: MembersService;
  let ops: RepublishOps;

  async function register(mobile: string, email = '', key = randomBytes(8).toString('hex')) {
    const accepted = { version: '2026-05', channel: RegistrationChannel.APP as const, acceptedAt: clock.now() };
    return registrations.register(caller, {
      idempotencyKey: key,
      person: { name: '李娜', mobile, email },
      nature: MemberNature.INDIVIDUAL,
      language: 'zh-CN',
      homeStoreId: '',
      channel: RegistrationChannel.APP,
      acceptances: [
        { notice: 'benefits', ...accepted },
        { notice: 'privacy', ...accepted },
      ],
    });
  }

  async function memberIdOf(mobile: string): Promise<string> {
    const result = await register(mobile);
    if (result.outcome !== 'registered') throw new Error(result.reason);
    return result.member.memberId;
  }

  /** The plan of what `run` sends, on a table that is large enough for the planner to care. */
  async function planOf(run: () => Promise<unknown>): Promise<string> {
    const sent = jest.spyOn(dataSource.manager, 'query');
    await run();
    const calls = sent.mock.calls;
    sent.mockRestore();
    expect(calls).toHaveLength(1);
    const [sql, parameters] = calls[0] ?? [''];
    const lines = await dataSource.query<{ 'QUERY PLAN': string }[]>(`EXPLAIN ${sql}`, parameters);
    return lines.map((line) => line['QUERY PLAN']).join('\n');
  }

  beforeAll(async () => {
    database = await testDatabase('members');
    const settings = readSettings(membersSettings, {
      DATABASE_URL: database.url,
      OPS_PORT: '0',
      GRPC_PORT: '0',
      KAFKA_BROKERS: 'unused:9092',
      PRINCIPAL_KEYS: '{}',
      KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      BLIND_INDEX_KEY: randomBytes(32).toString('base64'),
    });
    await migrate('members', settings, migrations);
    dataSource = new DataSource(dataSourceOptions('members', settings, migrations));
    await dataSource.initialize();
    const vault = new VaultService(settings);
    const outbox = new Outbox();
    members = new MembersService(dataSource, vault, new AccessLogService(dataSource, clock), settings, clock);
    registrations = new RegistrationService(dataSource, members, vault, settings, outbox, clock);
    ops = new RepublishOps(dataSource, members, outbox);
  });

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('[M2] lets whoever comes second with a mobile or an e-mail wait for the first, and refuses them then', async () => {
    const waiting = async (least: number) => {
      const [{ count }] = await dataSource.query<[{ count: number }]>(
        `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return count >= least;
    };
    const holder = dataSource.createQueryRunner();
    await holder.startTransaction();
    await holder.query('LOCK TABLE outbox IN SHARE MODE');
    const first = register('+8613800138001', 'li@guests.example');
    await eventually(() => waiting(1));
    const second = register('+8613800138001');
    const third = register('+8613800138002', 'li@guests.example');
    await eventually(() => waiting(3));
    await holder.rollbackTransaction();
    await holder.release();
    expect(await first).toMatchObject({ outcome: 'registered' });
    expect(await second).toEqual({ outcome: 'refused', reason: 'MOBILE_TAKEN' });
    expect(await third).toEqual({ outcome: 'refused', reason: 'EMAIL_TAKEN' });
  });

  it('[M1] leaves nothing of a registration that is refused: no key, no acceptance, no event', async () => {
    await memberIdOf('+8613800138003');
    const tables = ['member', 'member_key', 'acceptance', 'outbox'];
    const count = async () =>
      dataSource.query<unknown[]>(`SELECT ${tables.map((table) => `(SELECT count(*) FROM ${table})`).join(', ')}`);
    const before = await count();
    expect(await register('+8613800138003')).toEqual({ outcome: 'refused', reason: 'MOBILE_TAKEN' });
    expect(await count()).toEqual(before);
  });

  it('[M1] answers a refused registration the same when it is repeated with its key', async () => {
    await memberIdOf('+8613800138004');
    const first = await register('+8613800138004', '', 'refused-1');
    expect(await register('+8613800138004', '', 'refused-1')).toEqual(first);
  });

  it('[O3] publishes every registration again, with its first id and time', async () => {
    const all = 'SELECT id, aggregateid, type, payload, occurred_at FROM outbox ORDER BY ord';
    const before = await dataSource.query<{ id: string; payload: { registeredAt: string } }[]>(all);
    clock.advance(60_000);
    expect(await ops.registrations()).toBe(before.length);
    const again = (await dataSource.query<typeof before>(all)).slice(before.length);
    const byId = (rows: typeof before) => rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const timed = before.map((row) => ({ ...row, occurred_at: new Date(row.payload.registeredAt) }));
    expect(byId(again)).toEqual(byId(timed));
  });

  it.each(["UPDATE access_log SET purpose = 'x'", 'DELETE FROM access_log', 'TRUNCATE access_log'])(
    '[M6] never lets the access log be changed: %s',
    async (change) => {
      await expect(dataSource.query(change)).rejects.toThrow('append-only');
    },
  );

  it('[M4] looks a member up through one unique index, whatever it is found by', async () => {
    await dataSource.query(
      `INSERT INTO member (member_id, number, code_token_sha256, code_token_sealed, name_sealed, mobile_sealed,
         mobile_index, email_sealed, email_index, nature, language, channel, registered_at, registered_event_id)
       SELECT gen_random_uuid(), n::text, sha256(('t' || n)::bytea), ''::bytea, ''::bytea, ''::bytea,
         sha256(('m' || n)::bytea), ''::bytea, sha256(('e' || n)::bytea), '', 'en', '', now(), gen_random_uuid()
       FROM generate_series(1, 20000) AS n`,
    );
    await dataSource.query(`INSERT INTO member_key SELECT member_id, '', '' FROM member ON CONFLICT DO NOTHING`);
    await dataSource.query(`INSERT INTO acceptance SELECT member_id, 'privacy', '1', '', now() FROM member`);
    await dataSource.query(`INSERT INTO member_tag SELECT 'club', member_id FROM member`);
    await dataSource.query('INSERT INTO restricted_member SELECT member_id, now(), now() FROM member');
    await dataSource.query('ANALYZE');
    const index = Buffer.alloc(32);
    const lookUps = [
      [{ by: 'member_id', value: '019a9f3e-0000-7000-8000-000000000001' }, 'member_pkey'],
      [{ by: 'number', value: '1' }, 'member_number_unique'],
      [{ by: 'code_token_sha256', value: index }, 'member_code_token_unique'],
      [{ by: 'mobile_index', value: index }, 'member_mobile_unique'],
      [{ by: 'email_index', value: index }, 'member_email_unique'],
    ] as const;
    for (const [by, name] of lookUps) {
      const plan = await planOf(() => findMember(dataSource.manager, by));
      expect(plan).toContain(`Index Scan using ${name} on member`);
      expect(plan).toContain('member_key_pkey');
      expect(plan).not.toContain('Seq Scan');
    }
    const many = Array.from({ length: 256 }, () => randomBytes(32));
    const plan = await planOf(() => findByMobiles(dataSource.manager, 0, many));
    expect(plan).toMatch(/Index (Only )?Scan (using|on) member_mobile_unique/);
    expect(plan).not.toContain('Seq Scan');
  });

  it('[M4] resolves 256 mobiles in one query', async () => {
    const mobiles = Array.from({ length: 256 }, (_, n) => `+86139${String(n).padStart(8, '0')}`);
    await planOf(() => members.resolveMobiles(mobiles));
  });
});
