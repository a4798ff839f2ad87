import { describe, expect, it } from '@jest/globals';
import { type Principal, type Role, roles } from '@regulars/service';
import { isPurpose, mayReadAccessLog, mayReadClear, purposes } from './clear-reads.js';

const memberId = '019a9f3e-0000-7000-8000-0000000000aa';
const bund = { memberId, homeStoreId: '019a9f3e-0000-7000-8000-000000000001' };
const xuhui = { memberId, homeStoreId: '019a9f3e-0000-7000-8000-000000000002' };
const nowhere = { memberId, homeStoreId: null };

function person(role: Role, stores: Principal['stores'] = '*'): Principal {
  return { sub: role, kind: 'person', roles: [role], stores };
}

describe('Who may see clear personal data', () => {
  it('[M6] is this table and nobody else', () => {
    const table = Object.fromEntries(
      purposes.map((purpose) => [purpose, roles.filter((role) => mayReadClear(person(role), purpose, bund))]),
    );
    expect(table).toEqual({
      'guest-contact': ['store-manager', 'agent', 'complaint-supervisor'],
      'complaint-handling': ['store-manager', 'agent', 'complaint-supervisor'],
      'record-correction': ['agent', 'administrator'],
      'guest-request': ['administrator'],
      audit: ['auditor'],
      'own-data': [],
    });
  });

  it('[M6] sees only members of the stores in scope', () => {
    const manager = person('store-manager', [bund.homeStoreId]);
    expect(mayReadClear(manager, 'guest-contact', bund)).toBe(true);
    expect(mayReadClear(manager, 'guest-contact', xuhui)).toBe(false);
    expect(mayReadClear(manager, 'guest-contact', nowhere)).toBe(false);
    expect(mayReadClear(person('agent'), 'guest-contact', nowhere)).toBe(true);
  });

  it('[M6] is a machine like a person, where the identity provider gave it a role', () => {
    expect(mayReadClear({ ...person('agent'), kind: 'machine' }, 'guest-contact', bund)).toBe(true);
  });

  it.each(['till', 'member', 'service'] as const)('[M6] is never a %s, whatever role it claims', (kind) => {
    expect(mayReadClear({ ...person('agent'), kind }, 'guest-contact', bund)).toBe(false);
  });

  it.each(['', 'curiosity', 'toString', '__proto__'])('[M6] may not name %j as the reason', (text) => {
    expect(isPurpose(text)).toBe(false);
  });

  it('[M12] is the member herself, for her own data and her own log', () => {
    const herself: Principal = { sub: memberId, kind: 'member', roles: [], stores: '*' };
    expect(purposes.filter((purpose) => mayReadClear(herself, purpose, bund))).toEqual(['own-data']);
    expect(mayReadClear(herself, 'own-data', { ...bund, memberId: 'another' })).toBe(false);
    expect([mayReadAccessLog(herself, memberId), mayReadAccessLog(herself, 'another')]).toEqual([true, false]);
  });

  it('[M6] is told to auditors and administrators of the whole chain', () => {
    expect(roles.filter((role) => mayReadAccessLog(person(role), memberId))).toEqual(['auditor', 'administrator']);
    expect(mayReadAccessLog(person('auditor', [bund.homeStoreId]), memberId)).toBe(false);
  });
});
