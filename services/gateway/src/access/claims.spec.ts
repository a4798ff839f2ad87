import { describe, expect, it } from '@jest/globals';
import { principalFrom } from './claims.js';

describe('The claims of an access token', () => {
  it('[O4] speak for a person with the roles that we know', () => {
    expect(principalFrom({ sub: 'emma', roles: ['agent', 'emperor'] })).toEqual({
      sub: 'emma',
      kind: 'person',
      roles: ['agent'],
      stores: '*',
    });
  });

  it('[O4] speak for a machine when the client speaks for itself', () => {
    expect(principalFrom({ sub: 'crm', client_id: 'crm', roles: ['crm-analyst'] })?.kind).toBe('machine');
  });

  it('[O4] scope people of a store to the stores that they name, and to none without', () => {
    const scope = (claims: object) => principalFrom({ sub: 's', ...claims })?.stores;
    expect(scope({ roles: ['cashier'], stores: ['a', 'b'] })).toEqual(['a', 'b']);
    expect(scope({ roles: ['cashier', 'store-manager'] })).toEqual([]);
    expect(scope({ roles: [] })).toEqual([]);
    expect(scope({ roles: ['store-manager'], stores: '*' })).toBe('*');
    expect(scope({ roles: ['store-manager', 'auditor'] })).toBe('*');
  });

  it('[O4] are nobody without a subject', () => {
    expect(principalFrom({ roles: ['administrator'] })).toBeUndefined();
    expect(principalFrom({ sub: 7, roles: ['administrator'] })).toBeUndefined();
  });
});
