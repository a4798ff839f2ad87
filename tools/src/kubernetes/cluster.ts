import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually } from '../api.js';
import { freePort } from '../ports.js';

const run = promisify(execFile);

/** A namespace of the cluster that KUBECONFIG names, through kubectl and helm. */
export class Cluster {
  private readonly forwards: ChildProcess[] = [];

  constructor(readonly namespace: string) {}

  async kubectl(...args: string[]): Promise<string> {
    return output('kubectl', ['-n', this.namespace, ...args]);
  }

  async helm(...args: string[]): Promise<string> {
    return output('helm', ['-n', this.namespace, ...args]);
  }

  /** Creates or changes objects, given as JSON or read from a file. */
  async apply(objects: object | string): Promise<void> {
    if (typeof objects === 'string') await this.kubectl('apply', '-f', objects);
    else await withInput('kubectl', ['-n', this.namespace, 'apply', '-f', '-'], JSON.stringify(objects));
  }

  async items<T>(...args: string[]): Promise<T[]> {
    return (JSON.parse(await this.kubectl('get', ...args, '-o', 'json')) as { items: T[] }).items;
  }

  /** Runs `ops` in a deployment. Exit code and answer, whatever they are. */
  async ops(service: string, ...args: string[]): Promise<{ code: number; answer: unknown }> {
    const { code, text } = await attempt('kubectl', [
      '-n',
      this.namespace,
      'exec',
      `deploy/${service}`,
      '--',
      'ops',
      ...args,
    ]);
    const json = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1);
    return { code, answer: json === '' ? text : JSON.parse(json) };
  }

  /** A port of this machine that leads to a service, until `close`. */
  async forward(service: string, port: number, local?: number): Promise<number> {
    const own = local ?? (await freePort());
    const args = ['-n', this.namespace, 'port-forward', `svc/${service}`, `${own}:${port}`];
    const child = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.forwards.push(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
    await eventually(
      `the port-forward to ${service}`,
      async () => (said.includes('Forwarding') ? true : undefined),
      20_000,
    );
    return own;
  }

  close(): void {
    for (const child of this.forwards.splice(0)) child.kill();
  }
}

/** Runs a program and answers what it printed. @throws with what it printed when it fails */
export async function output(command: string, args: readonly string[]): Promise<string> {
  try {
    return (await run(command, args, { maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.slice(0, 6).join(' ')} failed: ${`${stdout}${stderr}`.trim() || message}`);
  }
}

async function attempt(command: string, args: readonly string[]): Promise<{ code: number; text: string }> {
  try {
    return { code: 0, text: (await run(command, args)).stdout };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
    // kubectl repeats the exit code of what it has run.
    return { code: code ?? 1, text: stdout || stderr };
  }
}

function withInput(command: string, args: readonly string[], input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${command}: ${said}`))));
    child.stdin.end(input);
  });
}
