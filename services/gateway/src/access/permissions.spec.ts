import { describe, expect, it } from '@jest/globals';
import { mayUse, permissionOf, permissions, routeName } from './permissions.js';

describe('The permission table', () => {
  it('[O4] knows no route by default: one without a row is an error', () => {
    expect(() => permissionOf('POST', '/v1/secrets')).toThrow('POST /v1/secrets has no row in the permission table');
  });

  it('[O4] finds a row by the route as the router spells it', () => {
    expect(routeName('/v1/programmes/:programmeId/versions/:version(^\\d+)::publish')).toBe(
      '/v1/programmes/:programmeId/versions/:version:publish',
    );
    expect(permissionOf('GET', '/docs/swagger-ui.css')).toEqual({ public: true });
  });

  it('[O4] lets a till post purchases and nothing that changes the chain', () => {
    const till = { kind: 'till', roles: [] };
    const allowed = Object.keys(permissions).filter(
      (route) => !route.startsWith('GET') && !permissions[route]?.public && mayUse(permissionOf(...parts(route)), till),
    );
    expect(allowed).toEqual([
      'POST /v1/members',
      'POST /v1/purchases',
      'POST /v1/purchases:batch',
      'POST /v1/purchases/claims',
      'POST /v1/refunds',
      'POST /v1/redemptions',
      'POST /v1/redemptions/:redemptionId:confirm',
      'POST /v1/redemptions/:redemptionId:cancel',
      'POST /v1/redemptions/:redemptionId:fulfil',
      'POST /v1/coupons/evaluations',
      'POST /v1/coupon-uses',
      'POST /v1/coupon-uses/:useId:confirm',
      'POST /v1/coupon-uses/:useId:cancel',
    ]);
  });

  it('[M12] lets a member use her own routes and no others', () => {
    const member = { kind: 'member', roles: [] };
    const allowed = Object.keys(permissions).filter(
      (route) => !permissions[route]?.public && mayUse(permissionOf(...parts(route)), member),
    );
    expect(allowed.length).toBeGreaterThan(0);
    expect(allowed.filter((route) => !route.includes(' /v1/self-service/me'))).toEqual([]);
  });

  it('[O4] lets nobody in without a role', () => {
    const nobody = { kind: 'person', roles: [] };
    for (const [route, permission] of Object.entries(permissions)) {
      expect([route, mayUse(permission, nobody)]).toEqual([route, permission.public === true]);
    }
  });

  it('[O4] lets roles of one function not into another', () => {
    const may = (role: 'finance' | 'marketing' | 'agent', route: string) =>
      mayUse(permissionOf(...parts(route)), { kind: 'person', roles: [role] });
    expect(may('agent', 'POST /v1/cases')).toBe(true);
    expect(may('finance', 'POST /v1/cases')).toBe(false);
    expect(may('marketing', 'POST /v1/programmes/:programmeId/versions')).toBe(true);
    expect(may('marketing', 'POST /v1/programmes/:programmeId/versions/:version:publish')).toBe(false);
  });
});

function parts(route: string): [string, string] {
  const [method = '', path = ''] = route.split(' ');
  return [method, path];
}
