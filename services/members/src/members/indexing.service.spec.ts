import { randomBytes, randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemberNature, RegistrationChannel } from '@regulars/contracts/members/v1/members';
import { Outbox } from '@regulars/messaging';
import { dataSourceOptions, migrate, type Principal, readSettings, systemClock } from '@regulars/service';
import { type TestDatabase, testDatabase } from '@regulars/testing';
import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { DirectoryService } from '../directory/directory.service.js';
import { membersSettings } from '../members.config.js';
import { AccessLogService } from '../privacy/access-log.service.js';
import { KeysService } from '../privacy/keys.service.js';
import { VaultService } from '../privacy/vault.service.js';
import { ContactsService } from './contacts.service.js';
import { IndexingService } from './indexing.service.js';
import { MembersService } from './members.service.js';
import { RegistrationService } from './registration.service.js';

const principal: Principal = { sub: 'agent-zhao', kind: 'person', roles: ['agent'], stores: '*' };
const [first, second, third] = [1, 2, 3].map(() => randomBytes(32).toString('base64')) as [string, string, string];
const keyEncryptionKey = randomBytes(32).toString('base64');

describe('The index key on the database', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  function settings(keys: Record<string, string>) {
    return readSettings(membersSettings, {
      DATABASE_URL: database.url,
      OPS_PORT: '0',
      GRPC_PORT: '0',
      KAFKA_BROKERS: 'unused:9092',
      PRINCIPAL_KEYS: '{}',
      KEY_ENCRYPTION_KEY: keyEncryptionKey,
      ...keys,
    });
  }

  /** A process with these keys. @throws when it would not start */
  async function started(keys: Record<string, string>) {
    const vault = new VaultService(settings(keys));
    const service = new KeysService(dataSource, vault);
    await service.onApplicationBootstrap();
    const accessLog = new AccessLogService(dataSource, systemClock);
    const members = new MembersService(dataSource, vault, accessLog, settings(keys), systemClock);
    const registrations = new RegistrationService(
      dataSource,
      members,
      vault,
      settings(keys),
      new Outbox(),
      systemClock,
    );
    const contacts = new ContactsService(dataSource, settings(keys), vault, members, accessLog, systemClock);
    return {
      members,
      registrations,
      indexing: new IndexingService(dataSource, vault, service),
      directory: new DirectoryService(dataSource, members, vault, contacts, new Outbox(), systemClock),
    };
  }
  type Process = Awaited<ReturnType<typeof started>>;

  async function register({ registrations }: Process, mobile: string, name = '诸葛亮'): Promise<string> {
    const accepted = { version: '1', channel: RegistrationChannel.APP as const, acceptedAt: new Date() };
    const result = await registrations.register(
      { principal, traceparent: undefined },
      {
        idempotencyKey: randomBytes(8).toString('hex'),
        person: { name, mobile, email: '' },
        nature: MemberNature.INDIVIDUAL,
        language: 'zh-CN',
        homeStoreId: '',
        channel: RegistrationChannel.APP,
        acceptances: [
          { notice: 'benefits', ...accepted },
          { notice: 'privacy', ...accepted },
        ],
      },
    );
    return result.outcome === 'registered' ? result.member.memberId : result.reason;
  }

  async function foundByName({ directory }: Process): Promise<number> {
    const search = { namePrefix: '诸葛', homeStoreId: '', tag: '', tier: '', page: undefined };
    return (await directory.search(principal, search, { limit: 200, after: undefined })).members.length;
  }

  async function all(work: () => Promise<number>): Promise<number> {
    let done = 0;
    for (let some = await work(); some > 0; some = await work()) done += some;
    return done;
  }

  const anyMobile = () => `+86136${String(randomInt(100_000_000)).padStart(8, '0')}`;

  beforeAll(async () => {
    database = await testDatabase('members');
    await migrate('members', settings({ BLIND_INDEX_KEY: first }), migrations);
    dataSource = new DataSource(dataSourceOptions('members', settings({ BLIND_INDEX_KEY: first }), migrations));
    await dataSource.initialize();
  });

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('[M6] is replaced while members are found, and no mobile can be taken twice at any moment of it', async () => {
    const [before, during, late] = [anyMobile(), anyMobile(), anyMobile()];
    const old = await started({ BLIND_INDEX_KEY: first });
    const ids = [await register(old, before)];
    await expect(started({ BLIND_INDEX_KEY: second })).rejects.toThrow('another BLIND_INDEX_KEY');

    const announcing = await started({ BLIND_INDEX_KEY: first, BLIND_INDEX_KEY_NEXT: second });
    ids.push(await register(announcing, during), await register(old, late));
    const early = started({ BLIND_INDEX_KEY: second, BLIND_INDEX_KEY_RETIRED: first });
    await expect(early).rejects.toThrow('not every member is indexed');
    expect(await all(() => announcing.indexing.indexSome())).toBe(2);

    const taking = await started({ BLIND_INDEX_KEY: second, BLIND_INDEX_KEY_RETIRED: first });
    for (const process of [old, announcing, taking]) {
      expect(await process.members.resolveMobiles([before, during, late])).toEqual(ids);
      expect(await foundByName(process)).toBe(3);
      expect(await register(process, before)).toBe('MOBILE_TAKEN');
    }
    const last = anyMobile();
    ids.push(await register(taking, last));
    expect(await announcing.members.resolveMobiles([last])).toEqual(ids.slice(-1));

    const after = await started({ BLIND_INDEX_KEY: second });
    expect(await all(() => announcing.indexing.emptySome())).toBe(0);
    expect(await all(() => after.indexing.emptySome())).toBe(4);
    expect(await after.members.resolveMobiles([before, during, late, last])).toEqual(ids);
    expect(await foundByName(after)).toBe(4);
    const places = await dataSource.query<{ slot: number }[]>('SELECT DISTINCT slot FROM name_index');
    expect(places).toEqual([{ slot: 1 }]);
    await expect(started({ BLIND_INDEX_KEY: first })).rejects.toThrow('another BLIND_INDEX_KEY');
  });

  it('[M6] can be replaced again, in the place that became free', async () => {
    const announcing = await started({ BLIND_INDEX_KEY: second, BLIND_INDEX_KEY_NEXT: third });
    expect(await all(() => announcing.indexing.indexSome())).toBe(4);
    const other = started({ BLIND_INDEX_KEY: second, BLIND_INDEX_KEY_NEXT: first });
    await expect(other).rejects.toThrow('another rotation');
    const taking = await started({ BLIND_INDEX_KEY: third, BLIND_INDEX_KEY_RETIRED: second });
    expect(await foundByName(taking)).toBe(4);
    const after = await started({ BLIND_INDEX_KEY: third });
    expect(await all(() => after.indexing.emptySome())).toBe(4);
    expect(await foundByName(after)).toBe(4);
  });
});
