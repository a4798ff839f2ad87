import { setTimeout as sleep } from 'node:timers/promises';
import type { Finding } from './rules.js';
import { type Command, type Step, steps } from './steps.js';
import type { Watch } from './watch.js';

/** A till that is put through the steps: a program, or a person at one. */
export interface TillUnderTest {
  /** Asks for something; what it leads to is seen by the watch. */
  ask(command: Command): Promise<void>;
}

export interface Verdict {
  readonly rule: string;
  readonly title: string;
  readonly finding: Finding;
}

export interface RunOptions {
  /** How long a step waits for the till. */
  readonly patienceMs: number;
  /** Only these rules; all when undefined. */
  readonly only?: readonly string[];
  /** Called with each verdict as it is found. */
  readonly onVerdict?: (verdict: Verdict) => void;
}

/** How long the line is out after the last purchase that was rung up without it. */
const OFFLINE_MS = 2_000;
const LOOK_MS = 50;

/** Puts a till through the steps, one after the other, and tells for each rule what is wrong, if anything is. */
export async function putThrough(till: TillUnderTest, watch: Watch, options: RunOptions): Promise<Verdict[]> {
  const wanted = steps.filter(({ rule }) => options.only?.includes(rule) ?? true);
  const verdicts: Verdict[] = [];
  for (const step of wanted) {
    const finding = await play(step, till, watch, options.patienceMs);
    const verdict = { rule: step.rule, title: step.title, finding };
    options.onVerdict?.(verdict);
    verdicts.push(verdict);
  }
  return verdicts;
}

async function play(step: Step, till: TillUnderTest, watch: Watch, patienceMs: number): Promise<Finding> {
  const from = watch.exchanges.length;
  const seen = () => watch.exchanges.slice(from);
  watch.faults.splice(0, Infinity, ...(step.faults ?? []));
  watch.isOffline = step.isOffline ?? false;
  for (const command of step.commands) {
    const count = seen().length;
    await till.ask(command);
    // A restart is seen by what comes after it; without a line nothing is seen.
    if (command !== 'restart' && !watch.isOffline) await until(() => seen().length > count, patienceMs);
  }
  if (watch.isOffline) await sleep(OFFLINE_MS);
  watch.isOffline = false;
  await until(() => step.isOver(seen()), patienceMs);
  await sleep(step.watchOnMs ?? 0);
  watch.faults.length = 0;
  return step.judge(seen(), watch.exchanges.slice(0, from));
}

async function until(isSo: () => boolean, withinMs: number): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!isSo() && performance.now() < endMs) await sleep(LOOK_MS);
}
