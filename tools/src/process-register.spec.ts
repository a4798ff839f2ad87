import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProcessRegister } from './process-register.js';
import { isRunning, signal, startProgram } from './processes.js';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'regulars-register-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe('The register of started processes', () => {
  it('lets a later start end what a killed launcher left', async () => {
    const pid = await sleeper();
    new ProcessRegister(join(dir, 'left.json')).add(pid, '-e setTimeout');
    await new ProcessRegister(join(dir, 'left.json')).endLeftOver();
    expect(await isRunning(pid)).toBe(false);
  });

  it('spares a process that has got the number of one of ours', async () => {
    const pid = await sleeper();
    new ProcessRegister(join(dir, 'reused.json')).add(pid, 'services/loyalty/dist/src/main.js');
    await new ProcessRegister(join(dir, 'reused.json')).endLeftOver();
    expect(await isRunning(pid)).toBe(true);
    signal(pid, 'SIGKILL');
  });
});

function sleeper(): Promise<number> {
  return startProgram({
    command: process.execPath,
    args: ['-e', 'setTimeout(() => {}, 60_000)'],
    env: { PATH: process.env.PATH },
    logFile: join(dir, 'sleeper.log'),
  });
}
