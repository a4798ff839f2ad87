import { printed } from '@regulars/tools';
import { fillLedger } from './filled-ledger.js';
import type { Laboratory } from './laboratory.js';
import type { Measured, Measurements } from './measurements.js';
import { median } from './statistics.js';
import { withClient } from './yardstick.js';

const SMALL = 100_000;
const ENTRIES_EACH = 50;
const ROUNDS = 3;
const TARGET = 1.3;

/** Purchases with a small ledger and with a large one. */
export interface LedgerSizeMeasured {
  readonly entries: readonly [small: number, large: number];
  readonly small: readonly Measured[];
  readonly large: readonly Measured[];
}

/** What a purchase costs when the ledger has grown: CPU of everything that takes part, so that a busy machine says the same. */
export async function measureLedgerSize(
  lab: Laboratory,
  measurements: Measurements,
  scale: number,
  seconds: number,
): Promise<LedgerSizeMeasured> {
  const { platform } = lab;
  const rounds = async () => {
    const all: Measured[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await measurements.rest();
      all.push(await measurements.purchases({ connections: 64, warmUpS: 2, seconds }));
    }
    return all;
  };
  const fill = (from: number, entries: number) =>
    printed.stage(`${entries} entries`, () =>
      fillLedger(platform, { from, accounts: entries / ENTRIES_EACH, entriesEach: ENTRIES_EACH, due: 'nothing' }),
    );
  const entries = () =>
    withClient(platform.database.urls.loyalty, async (client) => {
      const { rows } = await client.query<{ count: string }>('select count(*) as count from entry');
      return Number(rows[0]?.count);
    });
  await measurements.purchases({ connections: 64, warmUpS: 0, seconds: 5 });
  const first = 10_000_000;
  await fill(first, SMALL);
  const smallEntries = await entries();
  const small = await printed.stage('purchases with a small ledger', rounds);
  await fill(first + SMALL / ENTRIES_EACH, Math.max(SMALL, scale - SMALL));
  const largeEntries = await entries();
  const large = await printed.stage('purchases with a large ledger', rounds);
  return { entries: [smallEntries, largeEntries], small, large };
}

export function ledgerSizeText({ entries, small, large }: LedgerSizeMeasured): string {
  const cost = ({ cpuMicros }: Measured) =>
    Object.entries(cpuMicros ?? {}).reduce(
      (sum, [name, micros]) => (['gateway', 'loyalty', 'postgres'].includes(name) ? sum + micros : sum),
      0,
    );
  const told = (what: string, all: readonly Measured[]) =>
    `  ${what} entries: ${Math.round(median(all.map(cost)))} µs of CPU in gateway, loyalty and PostgreSQL, ` +
    `${Math.round(median(all.map(({ perSecond }) => perSecond)))}/s, p99 ${median(all.map(({ p99Ms }) => p99Ms)).toFixed(0)} ms`;
  const ratio = median(large.map(cost)) / median(small.map(cost));
  return [
    'What a purchase costs as the ledger grows, at 64 connections',
    told(String(entries[0]), small),
    told(String(entries[1]), large),
    `  ratio of CPU ${ratio.toFixed(2)} (target ≤ ${TARGET} at ten million: ${ratio <= TARGET ? 'met' : 'missed'} at this size)`,
  ].join('\n');
}
