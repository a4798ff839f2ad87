import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { expectedRule } from './planted.js';
import { scenarios } from './scenarios.js';

const run = promisify(execFile);

describe('The planted bugs', () => {
  it.each(scenarios.map(({ name }) => name))('[O2] has one for %s that fits the code of today', async (name) => {
    const patch = join('faults', 'planted', `${name}.patch`);
    await expect(run('git', ['apply', '--check', '-C1', patch])).resolves.toBeDefined();
    expect(await expectedRule(patch)).not.toBe('');
  });
});
