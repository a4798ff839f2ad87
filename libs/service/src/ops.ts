import { parseArgs } from 'node:util';
import { isOutage } from './outage.js';

/** What a command found: printed as JSON. `ok: false` ends the process with 1. */
export interface OpsAnswer {
  readonly ok: boolean;
  readonly answer: unknown;
}

/** Flags and words behind the name of a command. */
export interface OpsCall {
  readonly words: readonly string[];
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
}

/** Something that the platform team does in a running container (requirement O3). */
export interface OpsCommand {
  /** One word or two, such as `parked replay`. */
  readonly name: string;
  /** What stands behind the name, such as `<topic> <key>`. */
  readonly takes?: string;
  /** Names of flags that have a value, and of those that have none. */
  readonly values?: readonly string[];
  readonly switches?: readonly string[];
  /** One line. */
  readonly says: string;
  readonly run: (call: OpsCall) => Promise<OpsAnswer>;
}

/** A call that the command does not understand. */
export class Misused extends Error {
  override readonly name = 'Misused';
}

/** Exit codes of every command, told by `ops --help`. */
export const exitCodes = { ok: 0, found: 1, misused: 2, outage: 3 } as const;

/**
 * Runs one command and prints its answer as JSON on standard output.
 *
 * @returns the exit code: 0 all is well, 1 it is not, 2 the call was wrong, 3 a server is out of reach
 */
export async function runOps(
  service: string,
  commands: readonly OpsCommand[],
  args: readonly string[],
  print: (text: string) => void = (text) => process.stdout.write(`${text}\n`),
): Promise<number> {
  const command = commands.find(({ name }) => name === args.slice(0, name.split(' ').length).join(' '));
  if (!command || args.includes('--help')) {
    print(command ? usageOf(command) : helpOf(service, commands));
    return args.length === 0 || args.includes('--help') ? exitCodes.ok : exitCodes.misused;
  }
  try {
    const { ok, answer } = await command.run(callOf(command, args));
    print(JSON.stringify(answer, null, 2));
    return ok ? exitCodes.ok : exitCodes.found;
  } catch (error) {
    const { name, message } = error as Error;
    print(JSON.stringify({ error: name, message }, null, 2));
    if (error instanceof Misused) return exitCodes.misused;
    return isOutage(error) ? exitCodes.outage : exitCodes.found;
  }
}

function callOf(command: OpsCommand, args: readonly string[]): OpsCall {
  const options: Record<string, { type: 'string' | 'boolean' }> = {};
  for (const name of command.values ?? []) options[name] = { type: 'string' };
  for (const name of command.switches ?? []) options[name] = { type: 'boolean' };
  const own = args.slice(command.name.split(' ').length);
  try {
    const { values, positionals } = parseArgs({ args: [...own], options, allowPositionals: true });
    const wanted = (command.takes ?? '').split(' ').filter((word) => word.startsWith('<')).length;
    if (positionals.length !== wanted) throw new Misused(`${command.name} takes ${command.takes ?? 'nothing'}`);
    return { words: positionals, flags: values };
  } catch (error) {
    throw error instanceof Misused ? error : new Misused((error as Error).message);
  }
}

/** A flag that is a number. @throws Misused for anything else */
export function numberIn({ flags }: OpsCall, name: string, otherwise: number): number {
  const text = flags[name];
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) throw new Misused(`--${name} takes a number`);
  return number;
}

function usageOf({ name, takes, values = [], switches = [], says }: OpsCommand): string {
  const flags = [...values.map((flag) => `[--${flag} …]`), ...switches.map((flag) => `[--${flag}]`)];
  return `${['ops', name, takes, ...flags].filter(Boolean).join(' ')}\n  ${says}`;
}

function helpOf(service: string, commands: readonly OpsCommand[]): string {
  const sorted = commands.toSorted((a, b) => a.name.localeCompare(b.name));
  return `${service}: what can be asked of it while it runs. Answers are JSON.

${sorted.map(usageOf).join('\n')}

Exit codes: 0 all is well, 1 it is not, 2 the call was wrong, 3 a server is out of reach, 78 the environment is wrong.`;
}
