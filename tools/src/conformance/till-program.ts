import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TillUnderTest } from './run.js';
import type { Command } from './steps.js';

/**
 * A till's software run as a program: it gets a line of JSON on its standard input for each thing that it is asked to do,
 * `{"do":"purchase"}` or `{"do":"refund"}`, and finds the watch's address in GATEWAY. A restart is kill -9 and a new start.
 */
export class TillProgram implements TillUnderTest {
  private child: ChildProcess;

  constructor(
    private readonly command: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {
    this.child = this.start();
  }

  async ask(command: Command): Promise<void> {
    if (command === 'restart') {
      await this.stop();
      this.child = this.start();
      return;
    }
    this.child.stdin?.write(`${JSON.stringify({ do: command })}\n`);
    await sleep(100);
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    // The shell that runs the command and what it started make a group of their own.
    process.kill(-child.pid, 'SIGKILL');
    await ended;
  }

  private start(): ChildProcess {
    return spawn(this.command, {
      shell: true,
      detached: true,
      env: { ...process.env, ...this.env },
      stdio: ['pipe', 'inherit', 'inherit'],
    });
  }
}
