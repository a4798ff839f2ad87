import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessRegister } from './process-register.js';
import { commandOf, endProcess, isGone, lastLines, signal, startProgram } from './processes.js';

export interface ServiceProgram {
  name: string;
  /** The JavaScript file that is run; also how the process is known again. */
  entry: string;
  env: Record<string, string>;
  /** Answers 200 once the service is ready. */
  readyUrl: string;
  logFile: string;
  /** Others go first when CPU is short. */
  givesWay: boolean;
}

/** Flags of Node for every process of ours: a stack trace in a log names the lines of the source. */
const NODE_FLAGS = ['--enable-source-maps'];

/** One running process of the platform. */
export class ServiceProcess {
  private pid = 0;

  constructor(
    readonly program: ServiceProgram,
    private readonly register: ProcessRegister,
  ) {}

  get processId(): number {
    return this.pid;
  }

  get logFile(): string {
    return this.program.logFile;
  }

  async start(): Promise<void> {
    const { entry, env, logFile, givesWay } = this.program;
    this.pid = await startProgram({ command: process.execPath, args: [...NODE_FLAGS, entry], env, logFile, givesWay });
    this.register.add(this.pid, entry);
  }

  /** Waits until the service says that it is ready. @throws with the end of its log when it does not. */
  async ready(withinMs = 120_000): Promise<void> {
    const { name, readyUrl, logFile } = this.program;
    const until = performance.now() + withinMs;
    let answer = 'no answer';
    while (performance.now() < until) {
      const response = await fetch(readyUrl, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
      if (response?.ok) return;
      if (response) answer = `${response.status} ${await response.text()}`;
      if ((await commandOf(this.pid)) === '') {
        throw new Error(`${name} ended while it was starting; the end of ${logFile}:\n${await lastLines(logFile)}`);
      }
      await sleep(100);
    }
    throw new Error(
      `${name} was not ready after ${withinMs / 1_000} s (${answer}); the end of ${logFile}:\n${await lastLines(logFile)}`,
    );
  }

  /** Lets it finish what it has begun; after 15 s it is killed. Returns whether it went by itself. */
  async stop(): Promise<boolean> {
    const wentByItself = await endProcess(this.pid, 'SIGTERM', 15_000);
    this.register.remove(this.pid);
    return wentByItself;
  }

  /** Ends it as a crash would, in the middle of whatever it does. */
  async kill(): Promise<void> {
    signal(this.pid, 'SIGKILL');
    await isGone(this.pid, 10_000);
    this.register.remove(this.pid);
  }

  /** Freezes it: its connections stay open and nothing answers. */
  pause(): void {
    signal(this.pid, 'SIGSTOP');
  }

  resume(): void {
    signal(this.pid, 'SIGCONT');
  }

  async isRunning(): Promise<boolean> {
    return (await commandOf(this.pid)) !== '';
  }
}
