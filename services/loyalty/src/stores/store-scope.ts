import { mayActFor, type Principal } from '@regulars/service';

/** Of which stores a list tells: of the one asked for, or of all that the caller may act for; undefined for any. */
export function storesToTell(
  principal: Principal,
  storeId: string,
): { readonly outcome: 'allowed'; readonly storeIds: readonly string[] | undefined } | { readonly outcome: 'foreign' } {
  if (storeId !== '') {
    return mayActFor(principal, storeId) ? { outcome: 'allowed', storeIds: [storeId] } : { outcome: 'foreign' };
  }
  return { outcome: 'allowed', storeIds: principal.stores === '*' ? undefined : principal.stores };
}
