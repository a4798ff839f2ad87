import { type Principal, type Role, roles } from '@regulars/service';

const boundToStores = new Set<Role>(['cashier', 'store-manager']);

/**
 * Who the claims of a verified access token speak for. Roles that we do not know are ignored. Without the claim `stores`
 * people whose every role works in one store may act for none, everybody else for all (requirement O4).
 */
export function principalFrom(claims: Readonly<Record<string, unknown>>): Principal | undefined {
  const { sub, client_id: client } = claims;
  if (typeof sub !== 'string' || sub === '') return undefined;
  const own = strings(claims.roles).filter((role): role is Role => (roles as readonly string[]).includes(role));
  return { sub, kind: sub === client ? 'machine' : 'person', roles: own, stores: scopeOf(claims.stores, own) };
}

function scopeOf(claim: unknown, own: readonly Role[]): Principal['stores'] {
  if (claim === '*') return '*';
  if (Array.isArray(claim)) return claim.includes('*') ? '*' : strings(claim);
  return own.some((role) => !boundToStores.has(role)) ? '*' : [];
}

function strings(claim: unknown): string[] {
  return Array.isArray(claim) ? claim.filter((each) => typeof each === 'string') : [];
}
