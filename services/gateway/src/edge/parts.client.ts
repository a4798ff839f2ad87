import { RpcFailure } from '@regulars/service';
import { problemOf } from './problems.js';

/** What became of one part. */
export interface Part {
  readonly state: 'ok' | 'missing';
  readonly reason?: string;
}

/** What was gathered: `values` holds the parts that are there. */
export interface Gathered<Values> {
  readonly values: { readonly [Name in keyof Values]: Values[Name] | undefined };
  readonly parts: { readonly [Name in keyof Values]: Part };
}

/**
 * Asks several owners at once. One that is out or too busy leaves its part missing and takes nothing from the others;
 * whatever else goes wrong is thrown, so that a refusal stays a refusal.
 */
export async function gather<Values extends object>(
  asked: {
    readonly [Name in keyof Values]: Promise<Values[Name]>;
  },
): Promise<Gathered<Values>> {
  const names = Object.keys(asked) as (keyof Values)[];
  const settled = await Promise.allSettled(names.map((name) => asked[name]));
  const told = settled.map((each) => (each.status === 'fulfilled' ? { state: 'ok' as const } : missing(each.reason)));
  const values = settled.map((each) => (each.status === 'fulfilled' ? each.value : undefined));
  return {
    values: Object.fromEntries(names.map((name, at) => [name, values[at]])),
    parts: Object.fromEntries(names.map((name, at) => [name, told[at]])),
  } as Gathered<Values>;
}

function missing(error: unknown): Part {
  if (!(error instanceof RpcFailure)) throw error;
  const { status, code } = problemOf(error);
  if (status !== 429 && status !== 503) throw error;
  return { state: 'missing', reason: code };
}
