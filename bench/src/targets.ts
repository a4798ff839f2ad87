import type { MemorySample } from './measurements.js';
import { READS, type ReadName, type Results } from './results.js';
import { median, slope } from './statistics.js';

/** What `bench/out/purchases.json` holds. */
export interface Figures {
  /** Acknowledged purchases per second at 64 connections over the yardstick. */
  ratio: number;
  ratio_256: number;
  /** Lines of offline batches per second over the yardstick; null when the API has no batches. */
  batch_ratio: number | null;
  purchases_per_s: number;
  yardstick_per_s: number;
  /** At 70 % of the maximum, paced. */
  p50_ms: number;
  p95_ms: number;
  p99_ms: number;
  event_lag_p99_ms: number;
  start_s: number;
  /** At the end of the steady load, by process. */
  rss_mb: Record<string, number>;
  /** Reads per second over a bare route's, by read. */
  reads: Record<ReadName, number>;
}

export function figuresOf(results: Results): Figures {
  const yardstick = median(results.yardstick.rounds);
  const rate = (connections: 1 | 64 | 256) => median(results.purchases[connections].map(({ perSecond }) => perSecond));
  const reads = READS.map((name) => {
    const { platform, bare } = results.reads[name];
    return [name, round(median(platform) / median(bare), 2)] as const;
  });
  const { measured, memory } = results.steady;
  const last = Object.entries(memory.at(-1)?.mb ?? {}).map(([name, mb]) => [name, Math.round(mb)] as const);
  return {
    ratio: round(rate(64) / yardstick, 2),
    ratio_256: round(rate(256) / yardstick, 2),
    batch_ratio: results.batches ? round(median(results.batches) / yardstick, 2) : null,
    purchases_per_s: Math.round(rate(64)),
    yardstick_per_s: Math.round(yardstick),
    p50_ms: round(measured.p50Ms, 1),
    p95_ms: round(measured.p95Ms, 1),
    p99_ms: round(measured.p99Ms, 1),
    event_lag_p99_ms: Math.round(results.eventLag.p99Ms),
    start_s: round(results.startS, 1),
    rss_mb: Object.fromEntries(last),
    reads: Object.fromEntries(reads) as Record<ReadName, number>,
  };
}

/** A target and how the run did against it. */
export interface Verdict {
  what: string;
  figure: string;
  target: string;
  /** undefined when it was not measured. */
  isMet: boolean | undefined;
}

export function verdicts(figures: Figures, memory: readonly MemorySample[]): Verdict[] {
  const atLeast = (what: string, figure: number | null, target: number): Verdict => ({
    what,
    figure: figure === null ? 'not measured' : figure.toFixed(2),
    target: `≥ ${target.toFixed(1)}`,
    isMet: figure === null ? undefined : figure >= target,
  });
  const atMost = (what: string, figure: number, target: number): Verdict => ({
    what,
    figure: `${figure} ms`,
    target: `≤ ${target} ms`,
    isMet: figure <= target,
  });
  return [
    atLeast('ratio at 64 connections', figures.ratio, 1),
    atLeast('ratio at 256 connections', figures.ratio_256, 1.5),
    atLeast('ratio of offline batches', figures.batch_ratio, 5),
    atMost('p99 at 70 % of the maximum', figures.p99_ms, 50),
    atMost('event lag p99', figures.event_lag_p99_ms, 150),
    ...READS.map((name) => atLeast(`reads: ${name}`, figures.reads[name], 0.6)),
    memoryVerdict(memory),
  ];
}

/** Growth that is told as flat: less than a tenth of the process in five minutes. */
const FLAT = 0.1;
const FIVE_MINUTES_S = 300;

/** Growth over five minutes as a share of the process, by process; what happens in the first third is warming up. */
export function growth(memory: readonly MemorySample[]): Record<string, number> {
  const settled = memory.slice(Math.floor(memory.length / 3));
  return Object.fromEntries(
    Object.keys(settled[0]?.mb ?? {}).map((name) => {
      const points = settled.map(({ atS, mb }) => [atS, mb[name] ?? 0] as const);
      return [name, (slope(points) * FIVE_MINUTES_S) / median(points.map(([, mb]) => mb))];
    }),
  );
}

function memoryVerdict(memory: readonly MemorySample[]): Verdict {
  const services = Object.entries(growth(memory)).filter(([name]) => name !== 'kafka');
  const [name, most] = services.reduce<[string, number]>((a, b) => (b[1] > a[1] ? b : a), ['nothing', 0]);
  const isLongEnough = (memory.at(-1)?.atS ?? 0) >= FIVE_MINUTES_S - 30;
  const figure = `${name} ${most >= 0 ? '+' : ''}${(most * 100).toFixed(0)} % in 5 min`;
  return {
    what: 'memory, fastest growing service',
    figure: isLongEnough ? figure : `${figure} (too short to tell)`,
    target: 'flat (< 10 %)',
    isMet: isLongEnough ? most < FLAT : undefined,
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
