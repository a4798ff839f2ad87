import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { styleText } from 'node:util';
import type { History, Strike } from './history.js';
import { isAcknowledged } from './history.js';
import type { Violation } from './violation.js';

/** What one scenario showed. */
export interface ScenarioReport {
  readonly scenario: string;
  readonly proves: string;
  readonly seed: number;
  /** Attempts of tills; the lines of a batch count one by one. */
  readonly requests: number;
  readonly acknowledgements: number;
  /** The fewest of all strikes; a scenario with 0 does not count. */
  readonly inFlightAtFault: number;
  readonly strikes: readonly Strike[];
  /** Attempts by what they were answered. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** What the scenario measured, in the words of the scenario. */
  readonly measurements: readonly object[];
  readonly violations: readonly BrokenRule[];
  readonly seconds: number;
}

/** A rule that was broken, how often, and the first cases. */
export interface BrokenRule {
  readonly rule: string;
  readonly count: number;
  readonly cases: readonly string[];
}

export interface FaultsReport {
  readonly startedAt: string;
  readonly scenarios: readonly ScenarioReport[];
  readonly passed: number;
  readonly failed: number;
}

const CASES_SHOWN = 5;

export function reportOf(
  scenario: { readonly name: string; readonly proves: string },
  seed: number,
  history: History,
  violations: readonly Violation[],
  measurements: readonly object[],
  seconds: number,
): ScenarioReport {
  const { attempts, strikes } = history;
  const inFlightAtFault = strikes.length === 0 ? 0 : Math.min(...strikes.map(({ inFlight }) => inFlight));
  const idle = {
    rule: 'requests are in flight when the fault strikes',
    what: `${strikes.length} strikes, ${inFlightAtFault} in flight`,
  };
  return {
    scenario: scenario.name,
    proves: scenario.proves,
    seed,
    requests: attempts.length,
    acknowledgements: attempts.filter(({ outcome }) => isAcknowledged(outcome)).length,
    inFlightAtFault,
    strikes,
    outcomes: countBy(attempts.map(({ outcome }) => outcome?.kind ?? 'open')),
    measurements,
    violations: grouped(inFlightAtFault > 0 ? violations : [...violations, idle]),
    seconds: Math.round(seconds * 10) / 10,
  };
}

export async function writeReport(file: string, report: object): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

export async function readReport(file: string): Promise<FaultsReport> {
  return JSON.parse(await readFile(file, 'utf8')) as FaultsReport;
}

/** One line for each scenario, and under it what was broken. */
export function table(scenarios: readonly ScenarioReport[]): string {
  const width = Math.max(...scenarios.map(({ scenario }) => scenario.length));
  const head = `  ${'scenario'.padEnd(width)}   seed requests acknowledged in flight violations   s`;
  const lines = scenarios.flatMap((each) => [line(each, width), ...each.violations.flatMap(brokenLines)]);
  return [styleText('bold', head), ...lines].join('\n');
}

/** The broken rules of a report, each with its first cases. */
export function brokenLines({ rule, count, cases }: BrokenRule): string[] {
  return [`      ${styleText('red', rule)} (${count})`, ...cases.map((each) => `        ${each}`)];
}

function line(each: ScenarioReport, width: number): string {
  const broken = each.violations.reduce((sum, { count }) => sum + count, 0);
  const mark = broken === 0 ? styleText('green', '✓') : styleText('red', '✗');
  return [
    `${mark} ${each.scenario.padEnd(width)}`,
    String(each.seed).padStart(6),
    String(each.requests).padStart(8),
    String(each.acknowledgements).padStart(12),
    String(each.inFlightAtFault).padStart(9),
    String(broken).padStart(10),
    each.seconds.toFixed(0).padStart(3),
  ].join(' ');
}

function grouped(violations: readonly Violation[]): BrokenRule[] {
  return [...Map.groupBy(violations, ({ rule }) => rule)].map(([rule, cases]) => ({
    rule,
    count: cases.length,
    cases: cases.slice(0, CASES_SHOWN).map(({ what }) => what),
  }));
}

function countBy(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
