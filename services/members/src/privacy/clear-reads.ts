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
  /** Reading one's own (requirement M12): for the member alone, whatever roles somebody has. */
  'own-data': [],
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
 * @param member its home store is null when no store registered it
 */
export function mayReadClear(
  principal: Principal,
  purpose: Purpose,
  { memberId, homeStoreId }: { readonly memberId: string; readonly homeStoreId: string | null },
): boolean {
  if (purpose === 'own-data') return isMember(principal, memberId);
  const allowed: readonly Role[] = readers[purpose];
  const inScope = homeStoreId === null ? principal.stores === '*' : mayActFor(principal, homeStoreId);
  const hasRoles = principal.kind === 'person' || principal.kind === 'machine';
  return hasRoles && inScope && principal.roles.some((role) => allowed.includes(role));
}

const readersOfAccessLog: readonly Role[] = ['auditor', 'administrator'];

/** Who may see who saw clear data: the member too (requirements M6, M12). */
export function mayReadAccessLog(principal: Principal, memberId: string): boolean {
  return isMember(principal, memberId) || mayVerifyAccessLog(principal);
}

/** Who may have the seals of the whole log reckoned again: whoever may read all of it. */
export function mayVerifyAccessLog({ stores, roles }: Principal): boolean {
  return stores === '*' && roles.some((role) => readersOfAccessLog.includes(role));
}

function isMember({ kind, sub }: Principal, memberId: string): boolean {
  return kind === 'member' && sub === memberId;
}
