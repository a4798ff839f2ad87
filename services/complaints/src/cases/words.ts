import type { Role } from '@regulars/service';

const readers: ReadonlySet<Role> = new Set(['agent', 'complaint-supervisor', 'store-manager', 'administrator']);

/**
 * Whether somebody with these roles may read what a guest said, in a case that they may see at all: a store manager
 * sees the cases of the own stores only.
 */
export function readsWords(roles: readonly Role[]): boolean {
  return roles.some((role) => readers.has(role));
}
