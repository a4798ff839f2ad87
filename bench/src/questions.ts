const CALLERS = 4;
const ROUNDS = 3;
/** By time and not by number: on a machine that is busy with others a number of questions never ends. */
const ROUND_S = 3;
/** Prime, so that those who are asked for are spread over all. */
const STRIDE = 104_729;

/** How long answers took. */
export interface Times {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A question that is asked of the platform, in turn with its queries by node-postgres alone. */
export interface Question {
  readonly what: string;
  readonly targetP99Ms: number;
  /** Who may be asked for: places from 0 to below this. */
  readonly members: number;
  platform(place: number): Promise<void>;
  bare(place: number): Promise<void>;
}

export interface Asked {
  readonly what: string;
  readonly platform: Times;
  readonly bare: Times;
  /** Of the 99th percentiles: how many times as long the platform takes. */
  readonly ratio: number;
  readonly targetP99Ms: number;
  readonly isMet: boolean;
}

/** How many ask at once. */
export const callers = CALLERS;

/** Both sides in turn, after a round of each that does not count. */
export async function ask(question: Question): Promise<Asked> {
  const { what, targetP99Ms, members } = question;
  const took = { platform: { ms: [] as number[], seconds: 0 }, bare: { ms: [] as number[], seconds: 0 } };
  let asked = 0;
  const nextPlace = () => (asked++ * STRIDE) % members;
  for (let round = 0; round <= ROUNDS; round++) {
    for (const side of ['platform', 'bare'] as const) {
      const began = performance.now();
      const ms = await timesOf(nextPlace, (place) => question[side](place));
      if (round === 0) continue;
      took[side].ms.push(...ms);
      took[side].seconds += (performance.now() - began) / 1_000;
    }
  }
  const [platform, bare] = [summary(took.platform), summary(took.bare)];
  const ratio = platform.p99Ms / bare.p99Ms;
  return { what, platform, bare, ratio, targetP99Ms, isMet: platform.p99Ms <= targetP99Ms };
}

/** Milliseconds of each question of a round; as many are under way as there are callers. */
async function timesOf(nextPlace: () => number, one: (place: number) => Promise<void>): Promise<number[]> {
  const ms: number[] = [];
  const until = performance.now() + ROUND_S * 1_000;
  const caller = async () => {
    while (performance.now() < until) {
      const began = performance.now();
      await one(nextPlace());
      ms.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return ms;
}

function summary({ ms, seconds }: { ms: number[]; seconds: number }): Times {
  const sorted = ms.sort((a, b) => a - b);
  const percentile = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  return { perSecond: ms.length / seconds, p50Ms: percentile(0.5), p99Ms: percentile(0.99) };
}
