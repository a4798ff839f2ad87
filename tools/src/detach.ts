import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { stackDir } from './folders.js';

/** Set in the environment of a start that stays when its terminal goes. */
export const DETACHED = 'REGULARS_DETACHED';

/**
 * Starts the platform in a process of its own, shows its progress, and returns once it is ready (0) or has failed (its
 * exit code). It prints into `.regulars/logs/stack.log`.
 */
export async function startDetached(args: readonly string[]): Promise<number> {
  const logFile = join(stackDir, 'logs', 'stack.log');
  mkdirSync(join(stackDir, 'logs'), { recursive: true });
  const log = openSync(logFile, 'w+');
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, 'start.js'), ...args], {
    detached: true,
    env: { ...process.env, [DETACHED]: '1' },
    stdio: ['ignore', log, log, 'ipc'],
  });
  let shown = 0;
  const show = () => {
    const chunk = Buffer.alloc(65_536);
    const length = readSync(log, chunk, 0, chunk.length, shown);
    shown += length;
    process.stdout.write(chunk.subarray(0, length));
  };
  const showing = setInterval(show, 100);
  const code = await new Promise<number>((resolve) => {
    child.once('message', () => resolve(0));
    child.once('exit', (exitCode) => resolve(exitCode ?? 1));
  });
  clearInterval(showing);
  show();
  closeSync(log);
  if (code === 0) console.log('It runs in the background: `npm run stop` ends it.');
  return code;
}
