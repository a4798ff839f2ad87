import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { CannotOpen, InvalidSettings, readSettings } from '@regulars/service';
import { type MembersSettings, membersSettings } from '../members.config.js';
import { VaultService } from './vault.service.js';

const wang = '019a9f3e-0000-7000-8000-000000000001';
const li = '019a9f3e-0000-7000-8000-000000000002';

function settings(change: Record<string, string> = {}): MembersSettings {
  return readSettings(membersSettings, {
    OPS_PORT: '0',
    GRPC_PORT: '0',
    DATABASE_URL: 'postgres://localhost/unused',
    KAFKA_BROKERS: 'unused:9092',
    PRINCIPAL_KEYS: '{}',
    KEY_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
    BLIND_INDEX_KEY: Buffer.alloc(32, 2).toString('base64'),
    ...change,
  });
}

describe('The vault', () => {
  it("[M6] opens what it sealed, also after a restart, with the member's own data key", () => {
    const { wrapped, sealing } = new VaultService(settings()).newKey(wang);
    const sealed = sealing.seal('member.name', '王小明');
    const restarted = new VaultService(settings());
    expect(restarted.sealingOf(wrapped).open('member.name', sealed)).toBe('王小明');
    expect(restarted.sealingOf(wrapped).open('member.name', sealed)).toBe('王小明');
  });

  it('[M6] opens nothing that was sealed for another column or another member', () => {
    const vault = new VaultService(settings());
    const { wrapped, sealing } = vault.newKey(wang);
    const sealed = sealing.seal('member.name', '王小明');
    expect(() => sealing.open('member.mobile', sealed)).toThrow(CannotOpen);
    expect(() => vault.newKey(li).sealing.open('member.name', sealed)).toThrow(CannotOpen);
    expect(() => vault.sealingOf({ ...wrapped, memberId: li })).toThrow(CannotOpen);
  });

  it('[M6] opens nothing without the key-encryption key that wrapped the data key', () => {
    const { wrapped } = new VaultService(settings()).newKey(wang);
    const stranger = new VaultService(settings({ KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64') }));
    expect(() => stranger.sealingOf(wrapped)).toThrow(CannotOpen);
  });

  it('[M6] seals the same value differently each time, so that equal names do not show', () => {
    const { sealing } = new VaultService(settings()).newKey(wang);
    expect(sealing.seal('member.name', '王小明')).not.toEqual(sealing.seal('member.name', '王小明'));
  });

  it('[M6] makes equal blind indexes of equal values, others for another kind, value or key', () => {
    const vault = new VaultService(settings());
    const index = vault.blindIndex('mobile', '+8613800138000');
    expect(vault.blindIndex('mobile', '+8613800138000')).toEqual(index);
    expect(vault.blindIndex('email', '+8613800138000')).not.toEqual(index);
    expect(vault.blindIndex('mobile', '+8613800138001')).not.toEqual(index);
    const other = new VaultService(settings({ BLIND_INDEX_KEY: randomBytes(32).toString('base64') }));
    expect(other.blindIndex('mobile', '+8613800138000')).not.toEqual(index);
  });

  it('[M2] makes code tokens of 128 random bits', () => {
    const vault = new VaultService(settings());
    const tokens = Array.from({ length: 1_000 }, () => vault.newCodeToken());
    expect(new Set(tokens).size).toBe(1_000);
    for (const token of tokens) expect(Buffer.from(token, 'base64url')).toHaveLength(16);
  });

  it.each(['KEY_ENCRYPTION_KEY', 'BLIND_INDEX_KEY'])(
    '[M6] does not start with a %s that is too short or missing',
    (name) => {
      for (const value of ['', randomBytes(16).toString('base64'), 'secret']) {
        expect(() => settings({ [name]: value })).toThrow(InvalidSettings);
      }
    },
  );

  it('[M6] does not start with one key for both purposes', () => {
    const key = randomBytes(32).toString('base64');
    expect(() => settings({ KEY_ENCRYPTION_KEY: key, BLIND_INDEX_KEY: key })).toThrow(InvalidSettings);
  });
});
