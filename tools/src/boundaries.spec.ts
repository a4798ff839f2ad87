import { describe, expect, it } from '@jest/globals';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { workspaceDir } from './folders.js';

const eslint = new ESLint({
  cwd: workspaceDir,
  overrideConfig: [
    tseslint.configs.disableTypeChecked,
    { languageOptions: { parserOptions: { projectService: false } } },
  ],
});

async function complaints(filePath: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: `${workspaceDir}/${filePath}` });
  return (result?.messages ?? []).map((message) => message.ruleId ?? message.message);
}

const imports = '@typescript-eslint/no-restricted-imports';
const syntax = 'no-restricted-syntax';
const room = 'services/loyalty/src/points';

describe('The boundaries of the house', () => {
  it.each([
    ['a rule that imports a store', `${room}/lots.ts`, `import { a } from './points.store.js'; a();`, imports],
    [
      'a rule that imports TypeORM',
      `${room}/lots.ts`,
      `import { DataSource } from 'typeorm'; new DataSource();`,
      imports,
    ],
    ['a rule that reads the clock', `${room}/lots.ts`, 'export const a = Date.now();', syntax],
    ['a rule that reads today', `${room}/lots.ts`, 'export const a = new Date();', syntax],
    ['a rule that rolls dice', `${room}/lots.ts`, 'export const a = Math.random();', syntax],
    ['a rule that waits', `${room}/lots.ts`, 'export const a = await b();', syntax],
    ["another room's store", `${room}/points.service.ts`, `import { a } from '../tiers/tiers.store.js'; a();`, imports],
    [
      'a store that imports a service',
      `${room}/points.store.ts`,
      `import { a } from './points.service.js'; a();`,
      imports,
    ],
    [
      'a controller that imports a store',
      `${room}/points.controller.ts`,
      `import { a } from './points.store.js'; a();`,
      imports,
    ],
    [
      'a service that knows another',
      `${room}/points.service.ts`,
      `import { a } from '@regulars/members'; a();`,
      imports,
    ],
    [
      'a Kafka client outside messaging',
      `${room}/points.service.ts`,
      `import { Kafka } from 'kafkajs'; new Kafka();`,
      imports,
    ],
    ['test code in the product', `${room}/points.service.ts`, `import { a } from '@regulars/testing'; a();`, imports],
    ['a banned name', `${room}/points.service.ts`, 'export class PointsManager {}', syntax],
  ])('are broken by %s', async (_what, file, code, rule) => {
    expect(await complaints(file, code)).toContain(rule);
  });

  it('let a service import its rules and its store', async () => {
    const code = `import { a } from './lots.js';\nimport { b } from './points.store.js';\na(b);\n`;
    expect(await complaints(`${room}/points.service.ts`, code)).toEqual([]);
  });
});
