import { RpcFailure } from '@regulars/service';
import type { Part } from './parts.js';
import { problemOf, Refused } from './problems.js';

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
  const told = settled.map((each) =>
    each.status === 'fulfilled' ? { state: 'ok' as const } : missingPart(each.reason),
  );
  const values = settled.map((each) => (each.status === 'fulfilled' ? each.value : undefined));
  return {
    values: Object.fromEntries(names.map((name, at) => [name, values[at]])),
    parts: Object.fromEntries(names.map((name, at) => [name, told[at]])),
  } as Gathered<Values>;
}

/** The part of an owner that is out or too busy. @throws whatever else went wrong */
export function missingPart(error: unknown) {
  const why = whyOf(error);
  if (why?.status !== 429 && why?.status !== 503) throw error;
  return { state: 'missing' as const, reason: why.code };
}

function whyOf(error: unknown) {
  if (error instanceof Refused) return error.problem;
  return error instanceof RpcFailure ? problemOf(error) : undefined;
}
