import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { LoadJob, LoadResult } from './load.js';

/** The load generator in a process of its own, so that nothing else delays its clock. */
export class LoadGenerator {
  private constructor(private readonly child: ChildProcess) {}

  static start(): LoadGenerator {
    return new LoadGenerator(fork(join(import.meta.dirname, 'generator.js'), { serialization: 'advanced' }));
  }

  get processId(): number {
    return this.child.pid as number;
  }

  /** One job at a time. @throws when a connection broke or an answer never came. */
  async run(job: LoadJob): Promise<LoadResult> {
    this.child.send(job);
    const over = new AbortController();
    try {
      const [message] = (await Promise.race([
        once(this.child, 'message', { signal: over.signal }),
        once(this.child, 'exit', { signal: over.signal }).then(() => [{ error: 'its process is gone' }]),
      ])) as [{ result?: LoadResult; error?: string }];
      if (!message.result) throw new Error(`The load generator failed: ${message.error}`);
      return message.result;
    } finally {
      over.abort();
    }
  }

  stop(): void {
    this.child.disconnect();
  }
}
