import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  /** Microseconds of the monotonic clock, as `process.hrtime` tells it too. */
  startTime: number;
  timeDeltas: number[];
}

/** Where a process spent its time, in shares of the time that was looked at. */
export interface ProfileSummary {
  /** Share of the time in which it ran at all. */
  busy: number;
  /** By function, most first; the time of the function itself, not of what it calls. */
  functions: { name: string; at: string; share: number }[];
  /** By package or folder of the workspace, most first. */
  parts: { name: string; share: number }[];
}

/** A span of `process.hrtime.bigint()`. */
export interface Window {
  from: bigint;
  to: bigint;
}

/** Sums up a profile that V8 wrote, within the times of the load, so that start and end of the process do not count. */
export async function summarise(file: string, windows: readonly Window[]): Promise<ProfileSummary> {
  const profile = JSON.parse(await readFile(file, 'utf8')) as CpuProfile;
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const spans = windows.map(({ from, to }) => [Number(from / 1_000n), Number(to / 1_000n)] as const);
  const byFunction = new Map<string, { name: string; at: string; share: number }>();
  const byPart = new Map<string, number>();
  let total = 0;
  let idle = 0;
  let now = profile.startTime;
  profile.samples.forEach((id, i) => {
    const micros = profile.timeDeltas[i + 1] ?? 0;
    now += profile.timeDeltas[i] ?? 0;
    if (!spans.some(([from, to]) => now >= from && now <= to)) return;
    total += micros;
    const frame = frames.get(id);
    if (!frame || frame.functionName === '(idle)') {
      idle += micros;
      return;
    }
    const part = partOf(frame.url, frame.functionName);
    const at = frame.url ? `${part} ${frame.url.split('/').at(-1)}:${frame.lineNumber + 1}` : part;
    const key = `${frame.functionName} ${at}`;
    const found = byFunction.get(key) ?? { name: frame.functionName || '(anonymous)', at, share: 0 };
    found.share += micros;
    byFunction.set(key, found);
    byPart.set(part, (byPart.get(part) ?? 0) + micros);
  });
  const shareOf = (micros: number) => (total > 0 ? micros / total : 0);
  return {
    busy: shareOf(total - idle),
    functions: [...byFunction.values()]
      .map((each) => ({ ...each, share: shareOf(each.share) }))
      .sort((a, b) => b.share - a.share),
    parts: [...byPart].map(([name, micros]) => ({ name, share: shareOf(micros) })).sort((a, b) => b.share - a.share),
  };
}

/** The package of a script, or the folder of the workspace; what V8 does by itself goes by its own name. */
function partOf(url: string, functionName: string): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'v8';
  if (url.startsWith('node:')) return 'node';
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const installed = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  if (installed) return installed;
  return /\/((?:libs|services|tools|bench)\/[^/]+)\//.exec(path)?.[1] ?? path;
}

/** The summary as text for a terminal. */
export function profileText(name: string, { busy, functions, parts }: ProfileSummary): string {
  const percent = (share: number) => `${(share * 100).toFixed(1).padStart(5)} %`;
  return [
    `${name}: busy ${percent(busy).trim()} of the load`,
    ...parts.slice(0, 15).map((part) => `  ${percent(part.share)}  ${part.name}`),
    '  functions',
    ...functions.slice(0, 30).map((each) => `  ${percent(each.share)}  ${each.name}  ${each.at}`),
  ].join('\n');
}
