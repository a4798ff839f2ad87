import type { Role } from '@regulars/service';

/** Who may use a route. */
export type Permission =
  | { readonly public: true }
  | {
      readonly public?: false;
      readonly tills: boolean;
      readonly roles: readonly Role[];
      /** Whether a member uses it, for herself, after signing in by a one-time code (requirement M12). */
      readonly members?: true;
    };

const everyRole: readonly Role[] = [
  'cashier',
  'store-manager',
  'agent',
  'complaint-supervisor',
  'crm-analyst',
  'marketing',
  'finance',
  'hr',
  'auditor',
  'administrator',
];
const counter: readonly Role[] = ['cashier', 'store-manager'];
const desk: readonly Role[] = [...counter, 'agent', 'complaint-supervisor', 'administrator'];
const readers: readonly Role[] = [...desk, 'crm-analyst', 'finance', 'auditor'];
/** Who thinks about programmes before they are published. */
const strategists: readonly Role[] = ['marketing', 'crm-analyst', 'finance', 'auditor', 'administrator'];

const anyone: Permission = { public: true };
const people = (...roles: readonly Role[]): Permission => ({ tills: false, roles });
const members: Permission = { tills: false, roles: [], members: true };
const tillsAnd = (...roles: readonly Role[]): Permission => ({ tills: true, roles });

/**
 * The permission table (requirement O4): every route has a row here, or the gateway does not start. Which stores a
 * caller may act for is decided by the owner, from the principal.
 */
export const permissions: Readonly<Record<string, Permission>> = {
  'GET /openapi.json': anyone,
  /** The reference page with all its files. */
  'GET /docs': anyone,

  'POST /v1/brands': people('administrator'),
  'POST /v1/stores': people('administrator'),
  'GET /v1/stores': people(...everyRole),
  'GET /v1/stores/:storeId': people(...everyRole),
  'PUT /v1/stores/:storeId': people('administrator'),
  'POST /v1/tills': people('administrator'),
  'GET /v1/stores/:storeId/tills': people('store-manager', 'auditor', 'administrator'),
  'GET /v1/tills/:tillId': people('store-manager', 'auditor', 'administrator'),
  'PUT /v1/tills/:tillId': people('administrator'),
  'POST /v1/tills/:tillId/keys': people('administrator'),
  'DELETE /v1/tills/:tillId/keys/:keyId': people('administrator'),

  'GET /v1/configuration/changes': people('auditor', 'administrator'),
  'GET /v1/configuration/seals': people('auditor', 'administrator'),

  'POST /v1/programmes': people('administrator'),
  'GET /v1/programmes/:programmeId': people(...everyRole),
  'POST /v1/programmes/:programmeId/versions': people('marketing', 'administrator'),
  'POST /v1/programmes/:programmeId/versions/:version:publish': people('administrator'),

  'POST /v1/programmes/:programmeId/versions/:version:simulate': people(...strategists),
  'POST /v1/programmes/:programmeId/versions/:version:backtest': people(...strategists),
  'GET /v1/programmes/:programmeId/backtests/:backtestId': people(...strategists),
  'GET /v1/programmes/:programmeId/liability': people('finance', 'auditor', 'administrator'),

  'POST /v1/members': tillsAnd(...desk),
  'GET /v1/members': tillsAnd(...desk, 'crm-analyst', 'auditor'),
  'GET /v1/members/:memberId': tillsAnd(...desk, 'crm-analyst', 'auditor'),
  'GET /v1/members/search': people(...desk, 'crm-analyst', 'auditor'),
  'GET /v1/members/stale': people('store-manager', 'agent', 'crm-analyst', 'administrator'),
  'GET /v1/members/duplicates': people('store-manager', 'agent', 'crm-analyst', 'administrator'),
  'POST /v1/members/duplicates/:duplicateId:dismiss': people('store-manager', 'agent', 'crm-analyst', 'administrator'),
  'POST /v1/merges': people('store-manager', 'agent', 'administrator'),
  'POST /v1/merges/:mergeId:undo': people('store-manager', 'agent', 'administrator'),
  'GET /v1/merges/:mergeId': people('store-manager', 'agent', 'crm-analyst', 'auditor', 'administrator'),
  'GET /v1/members/:memberId/merges': people('store-manager', 'agent', 'crm-analyst', 'auditor', 'administrator'),
  'GET /v1/members/:memberId/tags': people(...desk, 'crm-analyst', 'marketing', 'auditor'),
  'PUT /v1/members/:memberId/tags': people('store-manager', 'agent', 'crm-analyst', 'marketing', 'administrator'),
  'POST /v1/members/confirmation-requests': people('store-manager', 'agent', 'crm-analyst', 'administrator'),
  'POST /v1/members/:memberId/confirmations': people(...desk),
  'POST /v1/members/:memberId/acceptances': people(...desk),
  'POST /v1/members/:memberId/verifications': people(...desk),
  'POST /v1/members/:memberId/verifications/:challengeId': people(...desk),
  'GET /v1/members/:memberId/contact-changes': people(...desk, 'auditor'),
  'POST /v1/imports': people('administrator'),
  'PUT /v1/imports/:importId/file': people('administrator'),
  'GET /v1/imports/:importId': people('crm-analyst', 'administrator'),
  'GET /v1/imports/:importId/rejections': people('crm-analyst', 'administrator'),
  'GET /v1/imports/:importId/report': people('crm-analyst', 'administrator'),
  'GET /v1/members/:memberId/profile': people(...desk, 'crm-analyst', 'auditor'),
  'GET /v1/members/:memberId/visits': people(...desk, 'crm-analyst', 'auditor'),
  'GET /v1/members/:memberId/visits/comparison': people('crm-analyst', 'auditor', 'administrator'),
  'POST /v1/members/:memberId/visits/repairs': people('administrator'),
  'GET /v1/members/:memberId/accesses': people('auditor', 'administrator'),
  'GET /v1/accesses/seals': people('auditor', 'administrator'),
  'GET /v1/members/:memberId/particulars': tillsAnd(...desk, 'auditor'),
  'PUT /v1/members/:memberId/particulars': people(...desk),

  'POST /v1/self-service/codes': anyone,
  'POST /v1/self-service/sessions': anyone,
  'GET /v1/self-service/me/record': members,
  'GET /v1/self-service/me/accesses': members,
  'GET /v1/self-service/me/particulars': members,
  'PUT /v1/self-service/me/particulars': members,
  'POST /v1/self-service/me/acceptances': members,
  'POST /v1/self-service/me/confirmations': members,
  'GET /v1/self-service/me/contact-changes': members,
  'POST /v1/self-service/me/verifications': members,
  'POST /v1/self-service/me/verifications/:challengeId': members,
  'GET /v1/self-service/me/points': members,
  'GET /v1/self-service/me/points/entries': members,
  'GET /v1/self-service/me/points/statement': members,
  'GET /v1/self-service/me/points/entries/:entryId/explain': members,
  'GET /v1/self-service/me/tier': members,
  'GET /v1/self-service/me/tier/changes': members,
  'GET /v1/self-service/me/coupons': members,
  'GET /v1/self-service/me/redemptions': members,
  'GET /v1/self-service/me/cases': members,
  'GET /v1/self-service/me/cases/:caseId': members,
  'GET /v1/self-service/me/data': members,
  'GET /v1/self-service/me/data/document': members,
  'POST /v1/self-service/me/privacy-requests': members,
  'GET /v1/self-service/me/privacy-requests/:requestId': members,

  'POST /v1/members/:memberId/privacy-requests': people('administrator'),
  'GET /v1/members/:memberId/data': people('administrator'),
  'GET /v1/members/:memberId/data/document': people('administrator'),
  'GET /v1/privacy-requests': people('administrator'),
  'GET /v1/privacy-requests/:requestId': people('administrator'),

  'POST /v1/purchases': tillsAnd(...counter),
  'POST /v1/purchases:batch': tillsAnd(),
  'POST /v1/purchases/claims': tillsAnd(...desk),
  'POST /v1/refunds': tillsAnd(...counter),

  'GET /v1/members/:memberId/points': tillsAnd(...readers),
  'GET /v1/members/:memberId/points/entries': tillsAnd(...readers),
  'GET /v1/members/:memberId/points/statement': tillsAnd(...readers),
  'GET /v1/members/:memberId/tier': tillsAnd(...readers),
  'GET /v1/members/:memberId/priority': tillsAnd(...desk, 'auditor'),
  'GET /v1/members/:memberId/tier/changes': people(...readers),
  'GET /v1/members/:memberId/tier/changes/:changeId/explain': people(...readers),
  'POST /v1/members/:memberId/tier:grant': people('store-manager', 'marketing', 'administrator'),
  'GET /v1/points/entries/:entryId/explain': tillsAnd(...readers),

  'POST /v1/rewards': people('marketing', 'administrator'),
  'GET /v1/rewards': tillsAnd(...everyRole),
  'GET /v1/rewards/:rewardId': tillsAnd(...everyRole),
  'POST /v1/rewards/:rewardId/stock': people('store-manager', 'marketing', 'administrator'),
  'POST /v1/redemptions': tillsAnd(...counter, 'agent'),
  'POST /v1/redemptions/:redemptionId:confirm': tillsAnd(...counter, 'agent'),
  'POST /v1/redemptions/:redemptionId:cancel': tillsAnd(...counter, 'agent'),
  'POST /v1/redemptions/:redemptionId:fulfil': tillsAnd(...counter, 'agent'),
  'GET /v1/redemptions/:redemptionId': tillsAnd(...readers),
  'GET /v1/members/:memberId/redemptions': tillsAnd(...readers),

  'POST /v1/openings': people('finance', 'administrator'),
  'PUT /v1/openings/:openingId/file': people('finance', 'administrator'),
  'POST /v1/openings/:openingId:undo': people('finance', 'administrator'),
  'GET /v1/openings': people('finance', 'auditor', 'administrator'),
  'GET /v1/openings/:openingId': people('finance', 'auditor', 'administrator'),
  'GET /v1/openings/:openingId/rejections': people('finance', 'auditor', 'administrator'),

  'POST /v1/adjustments': people('store-manager', 'agent', 'complaint-supervisor', 'finance', 'administrator'),
  'POST /v1/adjustments/:adjustmentId:approve': people('complaint-supervisor', 'finance', 'administrator'),
  'POST /v1/adjustments/:adjustmentId:reject': people('complaint-supervisor', 'finance', 'administrator'),
  'GET /v1/adjustments': people('complaint-supervisor', 'finance', 'auditor', 'administrator'),

  'GET /v1/holds': people('store-manager', 'complaint-supervisor', 'finance', 'auditor', 'administrator'),
  'POST /v1/holds/:purchaseId:release': people('complaint-supervisor', 'finance', 'administrator'),
  'POST /v1/holds/:purchaseId:reverse': people('complaint-supervisor', 'finance', 'administrator'),

  'GET /v1/stores/:storeId/days/:businessDate': people('store-manager', 'finance', 'auditor', 'administrator'),
  'GET /v1/stores/:storeId/days/:businessDate/csv': people('store-manager', 'finance', 'auditor', 'administrator'),
  'GET /v1/day-reports': people('store-manager', 'finance', 'auditor', 'administrator'),
  'GET /v1/receipt-conflicts': people('store-manager', 'finance', 'auditor', 'administrator'),
  'POST /v1/receipt-conflicts/:conflictId:settle': people('store-manager', 'finance', 'administrator'),

  'POST /v1/coupon-definitions': people('marketing', 'administrator'),
  'GET /v1/coupon-definitions': tillsAnd(...everyRole),
  'POST /v1/coupons': people('agent', 'complaint-supervisor', 'marketing', 'administrator'),
  'GET /v1/members/:memberId/coupons': tillsAnd(...readers, 'marketing'),
  'POST /v1/coupon-issues': people('marketing', 'administrator'),
  'GET /v1/coupon-issues/:issueId': people('marketing', 'administrator', 'auditor'),
  'POST /v1/coupon-batches': people('marketing', 'administrator'),
  'GET /v1/coupon-batches/:batchId/codes': people('marketing', 'administrator'),
  'POST /v1/coupons/:code:void': people('complaint-supervisor', 'marketing', 'administrator'),
  'GET /v1/coupon-usage': people('store-manager', 'crm-analyst', 'marketing', 'finance', 'auditor', 'administrator'),
  'POST /v1/coupons/evaluations': tillsAnd(...counter, 'agent'),
  'POST /v1/coupon-uses': tillsAnd(...counter, 'agent'),
  'POST /v1/coupon-uses/:useId:confirm': tillsAnd(...counter, 'agent'),
  'POST /v1/coupon-uses/:useId:cancel': tillsAnd(...counter, 'agent'),

  'GET /v1/messages': people('agent', 'complaint-supervisor', 'crm-analyst', 'marketing', 'auditor', 'administrator'),
  'POST /v1/cases': people(...desk),
  'GET /v1/cases': people('store-manager', 'agent', 'complaint-supervisor', 'auditor', 'administrator'),
  'GET /v1/cases/:caseId': people('store-manager', 'agent', 'complaint-supervisor', 'auditor', 'administrator'),
  'GET /v1/followups': people('store-manager', 'agent', 'crm-analyst', 'marketing', 'auditor', 'administrator'),
};

/** The row of a route as the router knows it. @throws when there is none, so that the gateway does not start */
export function permissionOf(method: string, path: string): Permission {
  const name = `${method === 'HEAD' ? 'GET' : method} ${path.startsWith('/docs/') ? '/docs' : routeName(path)}`;
  const permission = permissions[name];
  if (!permission) throw new Error(`${name} has no row in the permission table`);
  return permission;
}

/** The router's path as people write it: without patterns of parameters and with single colons. */
export function routeName(path: string): string {
  return path.replace(/\([^)]*\)/g, '').replaceAll('::', ':');
}

/** Whether a caller may use a route. */
export function mayUse(permission: Permission, caller: { kind: string; roles: readonly Role[] }): boolean {
  if (permission.public) return true;
  if (caller.kind === 'member') return permission.members === true;
  return caller.kind === 'till' ? permission.tills : permission.roles.some((role) => caller.roles.includes(role));
}
