import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { InvalidSettings, readSettings, serviceSettings } from './settings.js';

const complete = {
  OPS_PORT: '9000',
  GRPC_PORT: '5000',
  KAFKA_BROKERS: 'a:9092, b:9092',
  PRINCIPAL_KEYS: '{"keys":[]}',
  DATABASE_URL: 'postgres://loyalty@localhost/regulars',
};

describe('Settings', () => {
  it('[O2] tells every fault of the environment at once', () => {
    const faults = (() => {
      try {
        readSettings(serviceSettings, { OPS_PORT: 'many', DATABASE_URL: 'mysql://x', LOG_LEVEL: 'loud' });
        return [];
      } catch (error) {
        return (error as InvalidSettings).faults;
      }
    })();
    expect(faults.map((fault) => fault.split(':')[0]).sort()).toEqual(
      ['DATABASE_URL', 'GRPC_PORT', 'KAFKA_BROKERS', 'LOG_LEVEL', 'OPS_PORT', 'PRINCIPAL_KEYS'].sort(),
    );
  });

  it('[O4] takes a secret from the file that X_FILE names', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'settings-')), 'url');
    writeFileSync(file, 'postgres://from-file@localhost/regulars\n');
    const { DATABASE_URL: _left, ...rest } = complete;
    const settings = readSettings(serviceSettings, { ...rest, DATABASE_URL_FILE: file });
    expect(settings.DATABASE_URL).toBe('postgres://from-file@localhost/regulars');
  });

  it('[O4] names a secret file that cannot be read', () => {
    const { DATABASE_URL: _left, ...rest } = complete;
    expect(() => readSettings(serviceSettings, { ...rest, DATABASE_URL_FILE: '/nowhere/url' })).toThrow(
      /DATABASE_URL_FILE: cannot read \/nowhere\/url \(ENOENT\)/,
    );
  });

  it('is frozen once read', () => {
    const settings = readSettings(serviceSettings, complete);
    expect(Object.isFrozen(settings)).toBe(true);
    expect(settings.KAFKA_BROKERS).toEqual(['a:9092', 'b:9092']);
  });
});
