import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Clock ticks of Linux's process accounting; the same on every machine that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Processes by the name under which their figures are told; a tree counts its children too. */
export interface Watched {
  name: string;
  pid: number;
  isTree: boolean;
}

/** CPU seconds since their start, by name; undefined where the system has no /proc. */
export type CpuSeconds = Record<string, number>;

/** What a name begins with that tells a part of what stands under another name already. */
export const PART = '· ';

/** CPU seconds that each watched process has used since it began; those of one name are added up. */
export async function cpuSeconds(watched: readonly Watched[]): Promise<CpuSeconds | undefined> {
  const children = await childrenByParent();
  if (!children) return undefined;
  const figures = await Promise.all(
    watched.map(async ({ name, pid, isTree }) => {
      const [own, ...others] = await Promise.all(
        [pid, ...(isTree ? (children.get(pid) ?? []) : [])].map((each) => statOf(each)),
      );
      // Children that have ended are in their parent's account.
      const ended = isTree ? (own?.waitedFor ?? 0) : 0;
      const live = [own, ...others].reduce((sum, stat) => sum + (stat?.ticks ?? 0), 0);
      return [name, (live + ended) / TICKS_PER_SECOND] as const;
    }),
  );
  const sums: CpuSeconds = {};
  for (const [name, seconds] of figures) sums[name] = (sums[name] ?? 0) + seconds;
  return sums;
}

/** CPU seconds between two readings, by name. */
export function cpuBetween(from: CpuSeconds | undefined, to: CpuSeconds | undefined): CpuSeconds | undefined {
  if (!from || !to) return undefined;
  return Object.fromEntries(Object.entries(to).map(([name, seconds]) => [name, seconds - (from[name] ?? 0)]));
}

/** Resident memory in MB, by name; without trees, whose processes share memory. */
export async function residentMb(watched: readonly Watched[]): Promise<Record<string, number>> {
  const figures = await Promise.all(
    watched
      .filter(({ isTree }) => !isTree)
      .map(async ({ name, pid }) => {
        const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
        return [name, Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1_024] as const;
      }),
  );
  return Object.fromEntries(figures);
}

/** CPU of a platform at rest, in cores: polls, heartbeats, metrics. */
const AT_REST = 0.4;

/**
 * Waits until the processes together use no more than a platform at rest, so that what one phase left behind (events to carry,
 * messages to send) is no load on the next. Returns whether they came to rest in time.
 */
export async function untilIdle(watched: readonly Watched[], withinS: number): Promise<boolean> {
  const until = performance.now() + withinS * 1_000;
  let before = await cpuSeconds(watched);
  if (!before) {
    await sleep(withinS * 500);
    return true;
  }
  while (performance.now() < until) {
    await sleep(500);
    const now = await cpuSeconds(watched);
    const used = Object.values(cpuBetween(before, now) ?? {}).reduce((sum, seconds) => sum + seconds, 0);
    if (used < AT_REST / 2) return true;
    before = now;
  }
  return false;
}

interface Stat {
  parent: number;
  ticks: number;
  waitedFor: number;
}

async function statOf(pid: number): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field is the program's name in brackets and may hold blanks.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parent = 0, user = 0, system = 0, childUser = 0, childSystem = 0] = [1, 11, 12, 13, 14].map((i) => fields[i]);
  return { parent, ticks: user + system, waitedFor: childUser + childSystem };
}

async function childrenByParent(): Promise<Map<number, number[]> | undefined> {
  const names = await readdir('/proc').catch(() => undefined);
  if (!names) return undefined;
  const children = new Map<number, number[]>();
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  await Promise.all(
    pids.map(async (pid) => {
      const stat = await statOf(pid);
      if (!stat) return;
      const siblings = children.get(stat.parent);
      if (siblings) siblings.push(pid);
      else children.set(stat.parent, [pid]);
    }),
  );
  return children;
}
