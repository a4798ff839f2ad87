import type { Fault } from '../edge/faults.js';
import { type Problem, problem } from '../edge/problems.js';
import type { Counter } from './purchase.js';

/** What the gateway knows about stores and tills. */
export interface KnownCounters {
  hasStore(storeId: string): boolean;
  hasTill(storeId: string, tillId: string): boolean;
}

export interface Named {
  readonly storeId?: string | undefined;
  readonly tillId?: string | undefined;
}

/** A till posts for itself and may leave out or repeat who it is; any other store or till is refused. */
export function counterOfTill(named: Named, till: Counter): Counter | Problem {
  const errors: Fault[] = [];
  if (named.storeId !== undefined && named.storeId !== till.storeId) errors.push(foreign('/storeId'));
  if (named.tillId !== undefined && named.tillId !== till.tillId) errors.push(foreign('/tillId'));
  return errors.length > 0 ? problem('STORE_NOT_ALLOWED', { errors }) : till;
}

/** A person names store and till, both of which must be there and the store within the person's scope. */
export function counterOfPerson(named: Named, scope: '*' | readonly string[], known: KnownCounters): Counter | Problem {
  const { storeId, tillId } = named;
  if (storeId === undefined || tillId === undefined) {
    const missing = ['storeId', 'tillId'].filter((field) => named[field as keyof Named] === undefined);
    const message = 'Is needed when the caller is not a till';
    return problem('MALFORMED', { errors: missing.map((field) => ({ pointer: `/${field}`, message })) });
  }
  if (scope !== '*' && !scope.includes(storeId)) return problem('STORE_NOT_ALLOWED', { errors: [foreign('/storeId')] });
  if (!known.hasStore(storeId)) {
    return problem('STORE_UNKNOWN', { errors: [{ pointer: '/storeId', message: 'There is no such store' }] });
  }
  if (!known.hasTill(storeId, tillId)) {
    return problem('TILL_UNKNOWN', { errors: [{ pointer: '/tillId', message: 'The store has no such till' }] });
  }
  return { storeId, tillId };
}

/** Whether it is a counter and not a problem. */
export function isCounter(found: Counter | Problem): found is Counter {
  return !('code' in found);
}

function foreign(pointer: string): Fault {
  return { pointer, message: 'The caller may not act for it' };
}
