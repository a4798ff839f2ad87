import pc from 'picocolors';

/** Tells a person what is going on: one line per stage, with how long it took. */
export interface Progress {
  stage<T>(what: string, work: () => Promise<T>): Promise<T>;
}

const interactive = process.stdout.isTTY;

/** Prints each stage when it ends, and on a terminal also while it runs; stages may run side by side. */
export const printed: Progress = {
  async stage(what, work) {
    const from = performance.now();
    running.add(what);
    showRunning();
    try {
      const result = await work();
      finish(what, `${pc.green('✓')} ${what} ${pc.dim(seconds(from))}`);
      return result;
    } catch (error) {
      finish(what, `${pc.red('✗')} ${what} ${pc.dim(seconds(from))}`);
      throw error;
    }
  },
};

/** Says nothing: for programs that start a platform for themselves. */
export const silent: Progress = { stage: (_what, work) => work() };

const running = new Set<string>();

function showRunning(): void {
  if (interactive && running.size > 0) process.stdout.write(`\r\x1b[2K${pc.dim(`… ${[...running].join(', ')}`)}`);
}

function finish(what: string, line: string): void {
  running.delete(what);
  process.stdout.write(`${interactive ? '\r\x1b[2K' : ''}${line}\n`);
  showRunning();
}

function seconds(from: number): string {
  return `${((performance.now() - from) / 1_000).toFixed(1)} s`;
}
