import { mayActFor, type Principal, type Role } from '@regulars/service';

/**
 * Why people, and machines that were given a role, may see clear personal data (requirement M6): the one table. Whoever
 * asks with a purpose that is not for one of his roles sees masked data like everyone else.
 */
const readers = {
  /** Calling or writing to the guest about the guest's own business. */
  'guest-contact': ['agent', 'complaint-supervisor', 'store-manager'],
  /** Handling a complaint of the guest. */
  'complaint-handling': ['agent', 'complaint-supervisor', 'store-manager'],
  /** Putting right what is written down, with the guest present or on the telephone. */
  'record-correction': ['agent', 'administrator'],
  /** Answering the guest's own request about the data (access, export, erasure). */
  'guest-request': ['administrator'],
  /** Looking into how data was used. */
  audit: ['auditor'],
} as const satisfies Record<string, readonly Role[]>;

export type Purpose = keyof typeof readers;

/** Every purpose that a person may name. */
export const purposes = Object.keys(readers) as readonly Purpose[];

export function isPurpose(text: string): text is Purpose {
  return Object.hasOwn(readers, text);
}

/**
 * Whether a principal sees clear data of a member for a purpose (requirements M6, O4): the role must fit the purpose, and
 * who acts for some stores only sees members of those.
 *
 * @param homeStoreId null for a member that no store registered
 */
export function mayReadClear(principal: Principal, purpose: Purpose, homeStoreId: string | null): boolean {
  const allowed: readonly Role[] = readers[purpose];
  const inScope = homeStoreId === null ? principal.stores === '*' : mayActFor(principal, homeStoreId);
  const hasRoles = principal.kind === 'person' || principal.kind === 'machine';
  return hasRoles && inScope && principal.roles.some((role) => allowed.includes(role));
}

const readersOfAccessLog: readonly Role[] = ['auditor', 'administrator'];

/** Who may see who saw clear data. */
export function mayReadAccessLog(principal: Principal): boolean {
  return principal.stores === '*' && principal.roles.some((role) => readersOfAccessLog.includes(role));
}
