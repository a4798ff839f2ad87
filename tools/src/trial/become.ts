import { spawn } from 'node:child_process';

/** Runs a server for as long as this process lives: signals go to it, and its end is ours. */
export function become(command: string, args: readonly string[], env: NodeJS.ProcessEnv, stop: NodeJS.Signals): void {
  const child = spawn(command, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(stop));
  child.once('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  child.once('exit', (code) => process.exit(code ?? 1));
}
