import { PART } from './process-meter.js';
import { READS, type Results } from './results.js';
import { median, spread } from './statistics.js';
import { type Figures, growth, type Verdict } from './targets.js';

/** The results as text for a terminal. */
export function reportText(results: Results, figures: Figures, found: readonly Verdict[]): string {
  return [
    heading('Throughput, median of the rounds (spread)'),
    ...throughput(results),
    heading('CPU for one acknowledged purchase, µs'),
    ...cpu(results),
    heading(`Steady load at 70 % of the maximum: ${Math.round(results.steady.perSecond)}/s, paced`),
    ...steady(results),
    heading('Reads at 64 connections, per second, beside a bare Fastify + pg route with the same query'),
    ...reads(results),
    heading('Rows for a purchase: platform | yardstick (bytes of a row)'),
    ...rows(results),
    heading('Acknowledged and found in the database'),
    ...books(results),
    heading('Targets'),
    ...table(found.map(({ what, figure, target, isMet }) => [what, figure, target, word(isMet)])),
    '',
    `yardstick: ${results.writer}; ${results.yardstick.best.form}, ${results.yardstick.best.clients} clients, -M prepared`,
    `postgres:  ${results.durability}`,
    `machine:   ${results.machine}; start ${figures.start_s} s; ${results.traceExports} trace exports received`,
  ].join('\n');
}

function throughput({ purchases, yardstick, batches }: Results): string[] {
  const base = median(yardstick.rounds);
  const row = (what: string, rates: readonly number[], latency = '') => [
    what,
    `${Math.round(median(rates))}/s`,
    `± ${(spread(rates) * 50).toFixed(0)} %`,
    `${(median(rates) / base).toFixed(2)} ×`,
    latency,
  ];
  const loads = ([1, 64, 256] as const).map((connections) => {
    const rounds = purchases[connections];
    const ms = (of: 'p50Ms' | 'p95Ms' | 'p99Ms') => median(rounds.map((each) => each[of])).toFixed(1);
    const latency = `p50/p95/p99 ${ms('p50Ms')} / ${ms('p95Ms')} / ${ms('p99Ms')} ms`;
    return row(
      `purchases, ${connections} connection${connections > 1 ? 's' : ''}`,
      rounds.map(({ perSecond }) => perSecond),
      latency,
    );
  });
  const tried = yardstick.tried.map(({ form, clients, perSecond }) => `${form}, ${clients}: ${Math.round(perSecond)}`);
  return [
    ...table([
      ...loads,
      batches ? row('offline batches, lines', batches) : ['offline batches', 'no such route', '', '', ''],
      row('yardstick', yardstick.rounds),
    ]),
    `  yardstick tried: ${tried.join(' · ')}`,
  ];
}

function cpu({ purchases, steady: { measured } }: Results): string[] {
  const columns = [
    ['1', purchases[1].at(-1)],
    ['64', purchases[64].at(-1)],
    ['256', purchases[256].at(-1)],
    ['70 %', measured],
  ] as const;
  const all = Object.entries(measured.cpuMicros ?? {});
  const names = all.filter(([name, micros]) => !name.startsWith(PART) || micros >= 1).map(([name]) => name);
  if (names.length === 0) return ['  not told by this system'];
  const cells = (name: string) => columns.map(([, load]) => Math.round(load?.cpuMicros?.[name] ?? 0));
  const sums = columns.map(([, load]) =>
    Object.entries(load?.cpuMicros ?? {}).reduce(
      (sum, [name, micros]) => sum + (name.startsWith(PART) ? 0 : micros),
      0,
    ),
  );
  return table([
    ['connections', ...columns.map(([name]) => name)],
    ...names.map((name) => [name, ...cells(name).map(String)]),
    ['together', ...sums.map((sum) => String(Math.round(sum)))],
  ]);
}

function steady({ steady: { measured, memory, isCaughtUp }, eventLag }: Results): string[] {
  const { p50Ms, p95Ms, p99Ms, maxMs, statuses } = measured;
  const grown = growth(memory);
  const last = memory.at(-1)?.mb ?? {};
  const words = Object.entries(last).map(([name, mb]) => {
    const percent = ((grown[name] ?? 0) * 100).toFixed(0);
    return `${name} ${Math.round(mb)} MB (${Number(percent) >= 0 ? '+' : ''}${percent} %)`;
  });
  return [
    `  p50 ${p50Ms.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, longest ${maxMs.toFixed(0)} ms; answers ${JSON.stringify(statuses)}`,
    `  posted → applied by a consumer: p50 ${eventLag.p50Ms.toFixed(0)} ms, p99 ${eventLag.p99Ms.toFixed(0)} ms over ${eventLag.events} events${isCaughtUp ? '' : '; consumers fell behind'}`,
    `  memory at the end, growth over five minutes: ${words.join(', ')}`,
  ];
}

function reads(results: Results): string[] {
  return table(
    READS.map((name) => {
      const { platform, bare, p99Ms } = results.reads[name];
      const ratio = median(platform) / median(bare);
      return [
        name,
        `${Math.round(median(platform))}`,
        `bare ${Math.round(median(bare))}`,
        `${ratio.toFixed(2)} ×`,
        `p99 ${p99Ms.toFixed(1)} ms`,
      ];
    }),
  );
}

function rows({ rows: { platform, yardstick } }: Results): string[] {
  const cell = (each: { perPurchase: number; bytes: number } | undefined) =>
    each ? `${each.perPurchase.toFixed(2)} (${Math.round(each.bytes)})` : 'none';
  return table(Object.keys(platform).map((name) => [name, cell(platform[name]), cell(yardstick[name])]));
}

function books({ books: { platform, yardstick } }: Results): string[] {
  const line = (what: string, { acknowledged, claims }: { acknowledged: number; claims: number }) => [
    what,
    `${acknowledged} acknowledged`,
    `${claims} claims`,
    acknowledged === claims ? 'equal' : 'NOT EQUAL',
  ];
  return table([line('platform', platform), line('yardstick', yardstick)]);
}

function word(isMet: boolean | undefined): string {
  return isMet === undefined ? '—' : isMet ? 'met' : 'MISSED';
}

function heading(text: string): string {
  return `\n${text}`;
}

/** Columns as wide as their widest cell; the first one to the left, the others to the right. */
function table(lines: readonly (readonly string[])[]): string[] {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines.map((line) => {
    const cells = line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)));
    return `  ${cells.join('   ')}`.trimEnd();
  });
}
