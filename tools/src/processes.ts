import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Program {
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Standard output and error are appended to this file. */
  logFile: string;
  cwd?: string;
  uid?: number;
  gid?: number;
  /** Others go first when CPU is short. */
  givesWay?: boolean;
}

/** In steps of `nice`, each of which is worth a quarter. */
const GIVES_WAY_BY = 7;

let areStartsRefused = false;

/** From now on this process starts no program any more: it is about to end those that it has started. */
export function refuseStarts(): void {
  areStartsRefused = true;
}

/**
 * Starts a program in a process group of its own, so that a Ctrl-C in the terminal reaches only the launcher, which then
 * stops everything in order. Returns its process id.
 *
 * @throws if the program cannot be started at all.
 */
export async function startProgram(program: Program): Promise<number> {
  if (areStartsRefused) throw new CannotStart('The start was interrupted.');
  mkdirSync(dirname(program.logFile), { recursive: true });
  const log = openSync(program.logFile, 'a');
  const child = spawn(program.command, program.args, {
    env: program.env,
    cwd: program.cwd,
    uid: program.uid,
    gid: program.gid,
    detached: true,
    stdio: ['ignore', log, log],
  });
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  child.unref();
  if (child.pid === undefined) throw new Error(`${program.command} has no process id`);
  if (program.givesWay) await giveWay(child.pid);
  return child.pid;
}

/** Where Linux weighs sessions before processes, it is the session that has to give way: each program is one. */
async function giveWay(pid: number): Promise<void> {
  setPriority(pid, GIVES_WAY_BY);
  const session = `/proc/${pid}/autogroup`;
  for (let tries = 0; tries < 10 && existsSync(session); tries++) {
    try {
      writeFileSync(session, String(GIVES_WAY_BY));
      return;
    } catch (error) {
      // The kernel takes ten such changes a second from all of us; what it forbids altogether is only slower.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      await sleep(110);
    }
  }
}

/** True while the process exists (a stopped one counts, a zombie that nobody waits for does not). */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return (await commandOf(pid)) !== '';
}

/** The command line of a process, or '' when it is gone; tells a process of ours from another that got its id later. */
export async function commandOf(pid: number): Promise<string> {
  try {
    return process.platform === 'linux' ? await commandInProc(pid) : await commandByPs(pid);
  } catch {
    return '';
  }
}

/** Whoever waits for a start asks ten times a second for each process: `ps` would take most of a core for that. */
async function commandInProc(pid: number): Promise<string> {
  const [stat = '', command = ''] = await Promise.all(
    ['stat', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')),
  );
  const [state] = stat.slice(stat.lastIndexOf(')') + 2);
  return state === 'Z' ? '' : command.replaceAll('\0', ' ').trim();
}

async function commandByPs(pid: number): Promise<string> {
  const { stdout } = await run('ps', ['-o', 'stat=,command=', '-p', String(pid)]);
  const line = stdout.trim();
  return line.startsWith('Z') ? '' : line;
}

/** Sends a signal and does not mind if the process is gone. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until the process is gone; false when it still runs after `withinMs`. */
export async function isGone(pid: number, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (await isRunning(pid)) {
    if (performance.now() > until) return false;
    await sleep(25);
  }
  return true;
}

/** Asks a process to end and, after `withinMs`, makes it. Returns whether it went by itself. */
export async function endProcess(pid: number, politely: NodeJS.Signals, withinMs: number): Promise<boolean> {
  signal(pid, politely);
  if (await isGone(pid, withinMs)) return true;
  signal(pid, 'SIGKILL');
  await isGone(pid, 10_000);
  return false;
}

/** The last lines of a log file, for an error message; '' when there is none. */
export async function lastLines(file: string, count = 15): Promise<string> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    const length = Math.min(size, 16_384);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}

/** What stands in the way of a start, said in one sentence with what to do; printed without a stack trace. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart';
}
