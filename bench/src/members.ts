import { type OwnerName, printed } from '@regulars/tools';
import pg from 'pg';
import { fillMembers } from './filled-members.js';
import type { Laboratory } from './laboratory.js';
import type { Measurements } from './measurements.js';
import { type Imported, measureImport } from './member-import.js';
import { type Asking, findings, profiles } from './member-questions.js';
import { membersCode } from './members-code.js';
import { type Asked, ask, callers, type Times } from './questions.js';

/** Who buys, so that there is something in a profile. */
export const membersWhoBuy = 200;
const BUYING_S = 5;

export interface MembersMeasured {
  readonly members: number;
  readonly callers: number;
  /** Members sealed, indexed and written for this run, for each second; not the service's import. */
  readonly filledPerSecond: number;
  readonly asked: readonly Asked[];
  readonly imported: Imported;
}

/** How fast members are found among many, told of and registered from a file (requirements M1, M4, M6, M7). */
export async function measureMembers(
  lab: Laboratory,
  measurements: Measurements,
  members: number,
): Promise<MembersMeasured> {
  const { platform, buyers } = lab;
  const code = await membersCode(platform);
  const [pattern] = buyers;
  if (!pattern) throw new Error('Nobody registered whom the others could resemble');
  await printed.stage('purchases', () => measurements.purchases({ connections: 16, warmUpS: 0, seconds: BUYING_S }));
  const filled = await printed.stage(`${members} sealed members`, () =>
    fillMembers(platform, code, members, pattern.memberId),
  );
  await printed.stage('rest', () => measurements.rest());
  const pools = new Map<OwnerName, pg.Pool>();
  const poolOf = (service: OwnerName) => {
    const pool = pools.get(service) ?? new pg.Pool({ connectionString: platform.database.urls[service], max: callers });
    pools.set(service, pool);
    return pool;
  };
  try {
    const asked = await askAll({ lab, code, filled, pool: poolOf('members') }, poolOf);
    const imported = await printed.stage('import', () => measureImport(platform, code, poolOf('members')));
    return { members, callers, filledPerSecond: filled.rowsPerSecond, asked, imported };
  } finally {
    for (const pool of pools.values()) await pool.end();
  }
}

async function askAll(asking: Asking, poolOf: (service: OwnerName) => pg.Pool): Promise<Asked[]> {
  const asked: Asked[] = [];
  const found = await findings(asking);
  try {
    const profile = await profiles(asking.lab, poolOf);
    for (const question of [...found.questions, ...(profile ? [profile] : [])]) {
      const measured = await printed.stage(question.what, () => ask(question));
      console.log(`  ${told(measured.platform)}; bare ${told(measured.bare)}`);
      asked.push(measured);
    }
    return asked;
  } finally {
    found.close();
  }
}

/** The same for reading. */
export function membersText({ members, callers: asking, filledPerSecond, asked, imported }: MembersMeasured): string {
  const lines = asked.map(({ what, platform, bare, ratio, targetP99Ms, isMet }) =>
    line(what, told(platform), told(bare), ratio, `p99 ≤ ${targetP99Ms} ms: ${verdict(isMet)}`),
  );
  const { rows, perSecond, barePerSecond, ratio, targetPerSecond } = imported;
  const rates = [perSecond, barePerSecond].map((rate) => `${Math.round(rate)} rows/s`) as [string, string];
  return [
    `\n${members} members, ${asking} callers at once; beside the same queries by node-postgres alone`,
    `${''.padEnd(46)} ${'platform'.padEnd(38)} ${'bare'.padEnd(38)} ratio`,
    ...lines,
    line(`import of ${rows} rows`, ...rates, ratio, `≥ ${targetPerSecond} rows/s: ${verdict(imported.isMet)}`),
    'the ratio is of the 99th percentiles (times as long), and of the rates of the import (times as fast)',
    `filled with ${Math.round(filledPerSecond)} members/s, sealed and indexed by the service's functions; not its import`,
  ].join('\n');
}

function line(what: string, platform: string, bare: string, ratio: number, target: string): string {
  return `${what.padEnd(46)} ${platform.padEnd(38)} ${bare.padEnd(38)} ${ratio.toFixed(2).padStart(5)}   ${target}`;
}

function verdict(isMet: boolean): string {
  return isMet ? 'met' : 'MISSED';
}

function told({ p50Ms, p99Ms, perSecond }: Times): string {
  return `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, ${Math.round(perSecond)}/s`;
}
