import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CannotOpen, dataSourceOptions, migrate, readSettings } from '@regulars/service';
import { type TestDatabase, testDatabase } from '@regulars/testing';
import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { type MembersSettings, membersSettings } from '../members.config.js';
import { KeysService } from './keys.service.js';
import { VaultService } from './vault.service.js';

const newKey = () => randomBytes(32).toString('base64');

describe('Key-encryption keys on the database', () => {
  const first = newKey();
  const second = newKey();
  const index = newKey();
  let database: TestDatabase;
  let dataSource: DataSource;

  function settings(keys: Record<string, string>): MembersSettings {
    return readSettings(membersSettings, {
      DATABASE_URL: database.url,
      OPS_PORT: '0',
      GRPC_PORT: '0',
      KAFKA_BROKERS: 'unused:9092',
      PRINCIPAL_KEYS: '{}',
      BLIND_INDEX_KEY: index,
      ...keys,
    });
  }

  function started(keys: Record<string, string>): { vault: VaultService; keys: KeysService } {
    const vault = new VaultService(settings(keys));
    return { vault, keys: new KeysService(dataSource, vault) };
  }

  async function storeKeys(vault: VaultService, count: number): Promise<void> {
    const rows = await dataSource.query<{ memberId: string }[]>(
      `INSERT INTO member (member_id, number, code_token_sha256, code_token_sealed, name_sealed, mobile_sealed,
           mobile_index, nature, language, channel, registered_at, registered_event_id)
         SELECT gen_random_uuid(), gen_random_uuid()::text, gen_random_uuid()::text::bytea, '', '', '',
           gen_random_uuid()::text::bytea, '', 'en', '', now(), gen_random_uuid()
         FROM generate_series(1, $1) RETURNING member_id AS "memberId"`,
      [count],
    );
    const wrapped = rows.map(({ memberId }) => vault.newKey(memberId).wrapped);
    await dataSource.query('INSERT INTO member_key SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[])', [
      wrapped.map((key) => key.memberId),
      wrapped.map((key) => key.keyEncryptionKeyId),
      wrapped.map((key) => key.wrapped),
    ]);
  }

  async function moveAll(keys: KeysService): Promise<number> {
    let moved = 0;
    for (let batch = await keys.moveFromRetired(); batch > 0; batch = await keys.moveFromRetired()) moved += batch;
    return moved;
  }

  beforeAll(async () => {
    database = await testDatabase('members');
    await migrate('members', settings({ KEY_ENCRYPTION_KEY: first }), migrations);
    dataSource = new DataSource(dataSourceOptions('members', settings({ KEY_ENCRYPTION_KEY: first }), migrations));
    await dataSource.initialize();
  });

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('[M6] are replaced while members are read: what was sealed before opens before, during and after', async () => {
    const before = started({ KEY_ENCRYPTION_KEY: first });
    const memberId = '019a9f3e-0000-7000-8000-000000000001';
    const { wrapped, sealing } = before.vault.newKey(memberId);
    const sealed = sealing.seal('member.name', '王小明');
    const during = started({ KEY_ENCRYPTION_KEY: second, KEY_ENCRYPTION_KEYS_RETIRED: first });
    expect(during.vault.sealingOf(wrapped).open('member.name', sealed)).toBe('王小明');
    const moved = during.vault.rewrapped(wrapped);
    const waiting = started({ KEY_ENCRYPTION_KEY: first, KEY_ENCRYPTION_KEY_NEXT: second });
    expect(waiting.vault.sealingOf(moved).open('member.name', sealed)).toBe('王小明');
    const after = started({ KEY_ENCRYPTION_KEY: second });
    expect(() => after.vault.sealingOf(wrapped)).toThrow(CannotOpen);
    expect(after.vault.sealingOf(moved).open('member.name', sealed)).toBe('王小明');
  });

  it('[M6] hand every data key over once, also when two processes do it at once', async () => {
    await storeKeys(started({ KEY_ENCRYPTION_KEY: first }).vault, 1_200);
    const rotation = { KEY_ENCRYPTION_KEY: second, KEY_ENCRYPTION_KEYS_RETIRED: first };
    const [one, two] = [started(rotation), started(rotation)];
    const moved = await Promise.all([moveAll(one.keys), moveAll(two.keys)]);
    expect(moved[0] + moved[1]).toBe(1_200);
    const after = started({ KEY_ENCRYPTION_KEY: second });
    const rows = await dataSource.query<{ memberId: string; keyEncryptionKeyId: string; wrapped: Buffer }[]>(
      'SELECT member_id AS "memberId", key_encryption_key_id AS "keyEncryptionKeyId", wrapped FROM member_key',
    );
    expect(rows).toHaveLength(1_200);
    for (const row of rows) after.vault.sealingOf(row);
    expect(await moveAll(after.keys)).toBe(0);
  });

  it('[M6][O3] are told by name, with how many data keys each wraps, until no retired one is needed', async () => {
    const at = async (keys: Record<string, string>) => (await started(keys).keys.inUse()).retiredInUse;
    await storeKeys(started({ KEY_ENCRYPTION_KEY: first }).vault, 3);
    const rotation = { KEY_ENCRYPTION_KEY: second, KEY_ENCRYPTION_KEYS_RETIRED: first };
    const [named] = await at(rotation);
    const { dataKeys } = await started(rotation).keys.inUse();
    expect(dataKeys.find(({ keyId }) => keyId === named)?.dataKeys).toBe(3);
    expect(JSON.stringify(dataKeys)).not.toContain(first);
    await moveAll(started(rotation).keys);
    expect(await at(rotation)).toEqual([]);
  });

  it('[M6] let no process start that lacks one of those in use', async () => {
    await storeKeys(started({ KEY_ENCRYPTION_KEY: first }).vault, 2);
    const lacking = started({ KEY_ENCRYPTION_KEY: second });
    await expect(lacking.keys.onApplicationBootstrap()).rejects.toThrow('which KEY_ENCRYPTION_KEY… lack');
    const complete = started({ KEY_ENCRYPTION_KEY: second, KEY_ENCRYPTION_KEYS_RETIRED: `${newKey()}, ${first}` });
    await complete.keys.onApplicationBootstrap();
    expect(await moveAll(complete.keys)).toBe(2);
    await lacking.keys.onApplicationBootstrap();
  });

  it('[M6] are not moved to by a process that only expects the next one', async () => {
    const waiting = started({ KEY_ENCRYPTION_KEY: second, KEY_ENCRYPTION_KEY_NEXT: newKey() });
    expect(await moveAll(waiting.keys)).toBe(0);
  });

  it('[M2] let no process start that would index mobiles with another key, so that one could be taken twice', async () => {
    await started({ KEY_ENCRYPTION_KEY: second }).keys.onApplicationBootstrap();
    const other = started({ KEY_ENCRYPTION_KEY: second, BLIND_INDEX_KEY: newKey() });
    await expect(other.keys.onApplicationBootstrap()).rejects.toThrow('another BLIND_INDEX_KEY');
  });
});
