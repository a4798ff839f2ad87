import type { Results } from './results.js';
import { median } from './statistics.js';

const WIDTH = 720;
const LEFT = 190;
const BAR = 26;
const GAP = 14;
const TOP = 64;

interface Bar {
  label: string;
  perSecond: number;
  rounds: readonly number[];
  isYardstick: boolean;
}

/** Purchases per second beside the yardstick as an SVG: the bar is the median, the dots are the rounds. */
export function chart(results: Results): string {
  const bars = barsOf(results);
  const scale = (WIDTH - LEFT - 90) / Math.max(...bars.flatMap(({ rounds }) => rounds));
  const yardstick = LEFT + median(results.yardstick.rounds) * scale;
  const height = TOP + bars.length * (BAR + GAP) + 30;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>Acknowledged purchases per second beside the database alone</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="20" y="28" font-size="17" fill="#222">Acknowledged purchases per second</text>`,
    `<text x="20" y="47" fill="#666">everything running, against the same rows written by the database alone</text>`,
    ...bars.flatMap((bar, i) => drawn(bar, TOP + i * (BAR + GAP), scale)),
    `<line x1="${yardstick}" x2="${yardstick}" y1="${TOP - 4}" y2="${height - 26}" stroke="#b3261e" stroke-dasharray="4 3"/>`,
    `</svg>`,
    '',
  ].join('\n');
}

function barsOf({ purchases, yardstick, batches }: Results): Bar[] {
  const bar = (label: string, rounds: readonly number[], isYardstick = false): Bar => ({
    label,
    perSecond: median(rounds),
    rounds,
    isYardstick,
  });
  const loads = ([1, 64, 256] as const).map((connections) =>
    bar(
      `${connections} connection${connections > 1 ? 's' : ''}`,
      purchases[connections].map(({ perSecond }) => perSecond),
    ),
  );
  return [
    bar(`yardstick, ${yardstick.best.clients} clients`, yardstick.rounds, true),
    ...loads,
    ...(batches ? [bar('offline batches', batches)] : []),
  ];
}

function drawn({ label, perSecond, rounds, isYardstick }: Bar, y: number, scale: number): string[] {
  const middle = y + BAR / 2;
  return [
    `<text x="${LEFT - 10}" y="${middle + 4}" text-anchor="end" fill="#222">${label}</text>`,
    `<rect x="${LEFT}" y="${y}" width="${(perSecond * scale).toFixed(1)}" height="${BAR}" fill="${isYardstick ? '#e7a19c' : '#7fb09a'}"/>`,
    ...rounds.map(
      (rate) =>
        `<circle cx="${(LEFT + rate * scale).toFixed(1)}" cy="${middle}" r="3" fill="#333" fill-opacity="0.6"/>`,
    ),
    `<text x="${(LEFT + Math.max(...rounds) * scale + 10).toFixed(1)}" y="${middle + 4}" fill="#222">${Math.round(perSecond)}</text>`,
  ];
}
