import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { commandOf, endProcess } from './processes.js';

interface Registered {
  pid: number;
  /** A part of the command line by which the process is known again. */
  mark: string;
}

/**
 * The processes that a platform has started, on disk, so that a later start can end those which outlived a killed
 * launcher.
 */
export class ProcessRegister {
  private processes: Registered[] = [];

  constructor(private readonly file: string) {}

  add(pid: number, mark: string): void {
    this.processes.push({ pid, mark });
    writeFileSync(this.file, JSON.stringify(this.processes));
  }

  remove(pid: number): void {
    this.processes = this.processes.filter((each) => each.pid !== pid);
    if (this.processes.length > 0) writeFileSync(this.file, JSON.stringify(this.processes));
    else rmSync(this.file, { force: true });
  }

  /** Ends whatever an earlier run left; politely first, so that consumers leave their groups. */
  async endLeftOver(): Promise<void> {
    const left = registeredIn(this.file);
    await Promise.all(
      left.map(async ({ pid, mark }) => {
        if ((await commandOf(pid)).includes(mark)) await endProcess(pid, 'SIGTERM', 8_000);
      }),
    );
    this.processes = [];
    await rm(this.file, { force: true });
  }
}

function registeredIn(file: string): Registered[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Registered[];
  } catch {
    return [];
  }
}
