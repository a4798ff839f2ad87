/** A place in the chain, as a request names it, with a member who bought there and what belongs to her. */
export interface Place {
  readonly storeId: string;
  readonly tillId: string;
  readonly memberId: string;
  readonly entryId: string;
  readonly caseId: string;
  readonly requestId: string;
  readonly challengeId: string;
}

/** A request that names a place. */
export interface Naming {
  /** The path; without it, the route's with ids that nobody has. */
  readonly path?: (place: Place) => string;
  readonly body?: (place: Place) => object;
}

/**
 * Who may use a route, and what those who work in one store are told when they name another; a member is told that when
 * she names what belongs to another member.
 */
export interface ExpectedAccess {
  /** Roles, `till` and `member`, with blanks between them; `everyone` for a route that asks nobody who it is. */
  readonly may: string;
  readonly foreign?: readonly [status: number, code: string];
  readonly naming?: Naming;
}

const everyRole =
  'cashier store-manager agent complaint-supervisor crm-analyst marketing finance hr auditor administrator';
const atTheDesk = 'cashier store-manager agent complaint-supervisor administrator';
const readsPoints = 'till cashier store-manager agent complaint-supervisor crm-analyst finance auditor administrator';
const spends = 'till cashier store-manager agent';

const notYours: readonly [number, string] = [403, 'STORE_NOT_ALLOWED'];
const notThere: readonly [number, string] = [404, 'STORE_UNKNOWN'];
const receipt = { businessDate: '2026-11-02', receiptNumber: 'M-1' };

function purchaseAt({ storeId, tillId }: Place): object {
  return {
    storeId,
    tillId,
    ...receipt,
    rungAt: '2026-11-02T19:45:00+08:00',
    currency: 'CNY',
    totalMinor: 100,
    lines: [{ sku: 'TEA', name: 'Tea', category: 'drinks', quantityMilli: 1_000, amountMinor: 100 }],
    payments: [{ type: 'cash', amountMinor: 100 }],
    channel: 'dine-in',
  };
}

function refundAt({ storeId, tillId }: Place): object {
  return { storeId, tillId, ...receipt, receiptNumber: 'M-2', rungAt: '2026-11-02T20:45:00+08:00', purchase: receipt };
}

/** What a member asks for herself after signing in; with what belongs to another it is not there. */
function mine(rest: string): ExpectedAccess {
  return { may: 'member', naming: { path: () => `/v1/self-service/me/${rest}` } };
}

function minePart(rest: (place: Place) => string, code: string, body?: object): ExpectedAccess {
  const naming = { path: (place: Place) => `/v1/self-service/me/${rest(place)}`, ...(body && { body: () => body }) };
  return { may: 'member', foreign: [404, code], naming };
}

/**
 * What every route answers to whom (requirement O4), written from the requirements by hand. It is not read from the
 * permission table: a row that is changed there has to be changed here on purpose.
 */
export const expectedAccess: Readonly<Record<string, ExpectedAccess>> = {
  'POST /v1/brands': { may: 'administrator' },
  'POST /v1/stores': { may: 'administrator' },
  'GET /v1/stores': { may: everyRole },
  'GET /v1/stores/:storeId': {
    may: everyRole,
    foreign: notThere,
    naming: { path: ({ storeId }) => `/v1/stores/${storeId}` },
  },
  'PUT /v1/stores/:storeId': { may: 'administrator' },
  'POST /v1/tills': { may: 'administrator' },
  'GET /v1/tills/:tillId': {
    may: 'store-manager auditor administrator',
    foreign: [404, 'TILL_UNKNOWN'],
    naming: { path: ({ tillId }) => `/v1/tills/${tillId}` },
  },
  'PUT /v1/tills/:tillId': { may: 'administrator' },
  'GET /v1/stores/:storeId/tills': {
    may: 'store-manager auditor administrator',
    foreign: notThere,
    naming: { path: ({ storeId }) => `/v1/stores/${storeId}/tills` },
  },
  'POST /v1/tills/:tillId/keys': { may: 'administrator' },
  'DELETE /v1/tills/:tillId/keys/:keyId': { may: 'administrator' },

  'POST /v1/programmes': { may: 'administrator' },
  'GET /v1/programmes/:programmeId': { may: everyRole },
  'POST /v1/programmes/:programmeId/versions': { may: 'marketing administrator' },
  'POST /v1/programmes/:programmeId/versions/:version:publish': { may: 'administrator' },

  'POST /v1/programmes/:programmeId/versions/:version:backtest': {
    may: 'crm-analyst marketing finance auditor administrator',
  },
  'GET /v1/programmes/:programmeId/backtests/:backtestId': {
    may: 'crm-analyst marketing finance auditor administrator',
  },
  'GET /v1/programmes/:programmeId/liability': { may: 'finance auditor administrator' },
  'POST /v1/programmes/:programmeId/versions/:version:simulate': {
    may: 'marketing crm-analyst finance auditor administrator',
  },

  'POST /v1/members': { may: `till ${atTheDesk}` },
  'GET /v1/members': { may: `till ${atTheDesk} crm-analyst auditor` },
  'GET /v1/members/:memberId': { may: `till ${atTheDesk} crm-analyst auditor` },
  'GET /v1/members/search': { may: `${atTheDesk} crm-analyst auditor` },
  'GET /v1/members/stale': { may: 'store-manager agent crm-analyst administrator' },
  'GET /v1/members/duplicates': { may: 'store-manager agent crm-analyst administrator' },
  'POST /v1/members/duplicates/:duplicateId:dismiss': { may: 'store-manager agent crm-analyst administrator' },
  'POST /v1/merges': { may: 'store-manager agent administrator' },
  'POST /v1/merges/:mergeId:undo': { may: 'store-manager agent administrator' },
  'GET /v1/merges/:mergeId': { may: 'store-manager agent crm-analyst auditor administrator' },
  'GET /v1/members/:memberId/merges': { may: 'store-manager agent crm-analyst auditor administrator' },
  'GET /v1/members/:memberId/tags': { may: `${atTheDesk} crm-analyst marketing auditor` },
  'PUT /v1/members/:memberId/tags': { may: 'store-manager agent crm-analyst marketing administrator' },
  'POST /v1/members/confirmation-requests': { may: 'store-manager agent crm-analyst administrator' },
  'POST /v1/members/:memberId/confirmations': { may: atTheDesk },
  'POST /v1/members/:memberId/acceptances': { may: atTheDesk },
  'POST /v1/openings': { may: 'finance administrator' },
  'PUT /v1/openings/:openingId/file': { may: 'finance administrator' },
  'POST /v1/openings/:openingId:undo': { may: 'finance administrator' },
  'GET /v1/openings': { may: 'finance auditor administrator' },
  'GET /v1/openings/:openingId': { may: 'finance auditor administrator' },
  'GET /v1/openings/:openingId/rejections': { may: 'finance auditor administrator' },
  'POST /v1/imports': { may: 'administrator' },
  'PUT /v1/imports/:importId/file': { may: 'administrator' },
  'GET /v1/imports/:importId': { may: 'crm-analyst administrator' },
  'GET /v1/imports/:importId/rejections': { may: 'crm-analyst administrator' },
  'GET /v1/imports/:importId/report': { may: 'crm-analyst administrator' },
  'GET /v1/members/:memberId/profile': { may: `${atTheDesk} crm-analyst auditor` },
  'GET /v1/members/:memberId/visits': { may: `${atTheDesk} crm-analyst auditor` },
  'GET /v1/members/:memberId/visits/comparison': { may: 'crm-analyst auditor administrator' },
  'POST /v1/members/:memberId/visits/repairs': { may: 'administrator' },
  'GET /v1/members/:memberId/accesses': { may: 'auditor administrator' },
  'GET /v1/accesses/seals': { may: 'auditor administrator' },
  'GET /v1/members/:memberId/particulars': { may: `till ${atTheDesk} auditor` },
  'PUT /v1/members/:memberId/particulars': { may: atTheDesk },

  'POST /v1/members/:memberId/verifications': { may: atTheDesk },
  'POST /v1/members/:memberId/verifications/:challengeId': { may: atTheDesk },
  'GET /v1/members/:memberId/contact-changes': { may: `${atTheDesk} auditor` },
  'POST /v1/self-service/codes': { may: 'everyone' },
  'POST /v1/self-service/sessions': { may: 'everyone' },
  'GET /v1/self-service/me/record': mine('record'),
  'GET /v1/self-service/me/accesses': mine('accesses'),
  'GET /v1/self-service/me/particulars': mine('particulars'),
  'PUT /v1/self-service/me/particulars': { may: 'member' },
  'POST /v1/self-service/me/acceptances': { may: 'member' },
  'POST /v1/self-service/me/confirmations': { may: 'member' },
  'GET /v1/self-service/me/contact-changes': mine('contact-changes'),
  'POST /v1/self-service/me/verifications': { may: 'member' },
  'POST /v1/self-service/me/verifications/:challengeId': minePart(
    ({ challengeId }) => `verifications/${challengeId}`,
    'CHALLENGE_UNKNOWN',
    { code: '000000' },
  ),
  'GET /v1/self-service/me/points': mine('points'),
  'GET /v1/self-service/me/points/entries': mine('points/entries'),
  'GET /v1/self-service/me/points/statement': mine('points/statement?month=2026-11'),
  'GET /v1/self-service/me/points/entries/:entryId/explain': minePart(
    ({ entryId }) => `points/entries/${entryId}/explain`,
    'ENTRY_UNKNOWN',
  ),
  'GET /v1/self-service/me/tier': mine('tier'),
  'GET /v1/self-service/me/tier/changes': mine('tier/changes'),
  'GET /v1/self-service/me/coupons': mine('coupons'),
  'GET /v1/self-service/me/redemptions': mine('redemptions'),
  'GET /v1/self-service/me/cases': mine('cases'),
  'GET /v1/self-service/me/cases/:caseId': minePart(({ caseId }) => `cases/${caseId}`, 'CASE_UNKNOWN'),
  'GET /v1/self-service/me/data': mine('data'),
  'GET /v1/self-service/me/data/document': mine('data/document'),
  'POST /v1/self-service/me/privacy-requests': { may: 'member' },
  'GET /v1/self-service/me/privacy-requests/:requestId': minePart(
    ({ requestId }) => `privacy-requests/${requestId}`,
    'REQUEST_UNKNOWN',
  ),
  'POST /v1/members/:memberId/privacy-requests': { may: 'administrator' },
  'GET /v1/members/:memberId/data': { may: 'administrator' },
  'GET /v1/members/:memberId/data/document': { may: 'administrator' },
  'GET /v1/privacy-requests': { may: 'administrator' },
  'GET /v1/privacy-requests/:requestId': { may: 'administrator' },

  'POST /v1/purchases': { may: 'till cashier store-manager', foreign: notYours, naming: { body: purchaseAt } },
  'POST /v1/purchases:batch': { may: 'till' },
  'POST /v1/purchases/claims': {
    may: `till ${atTheDesk}`,
    foreign: notYours,
    naming: { body: ({ storeId, tillId, memberId }) => ({ storeId, tillId, ...receipt, totalMinor: 100, memberId }) },
  },
  'POST /v1/refunds': { may: 'till cashier store-manager', foreign: notYours, naming: { body: refundAt } },

  'GET /v1/members/:memberId/points': { may: readsPoints },
  'GET /v1/members/:memberId/points/entries': { may: readsPoints },
  'GET /v1/members/:memberId/points/statement': { may: readsPoints },
  'GET /v1/points/entries/:entryId/explain': { may: readsPoints },

  'GET /v1/members/:memberId/tier': { may: readsPoints },
  'GET /v1/members/:memberId/priority': { may: `till ${atTheDesk} auditor` },
  'GET /v1/members/:memberId/tier/changes': { may: readsPoints.replace('till ', '') },
  'GET /v1/members/:memberId/tier/changes/:changeId/explain': { may: readsPoints.replace('till ', '') },
  'POST /v1/members/:memberId/tier:grant': { may: 'store-manager marketing administrator' },

  'GET /v1/configuration/changes': { may: 'auditor administrator' },
  'GET /v1/configuration/seals': { may: 'auditor administrator' },

  'POST /v1/rewards': { may: 'marketing administrator' },
  'GET /v1/rewards': { may: `till ${everyRole}` },
  'GET /v1/rewards/:rewardId': { may: `till ${everyRole}` },
  'POST /v1/rewards/:rewardId/stock': { may: 'store-manager marketing administrator' },
  'POST /v1/redemptions': {
    may: spends,
    foreign: notYours,
    naming: {
      body: ({ storeId, tillId, memberId }) => ({
        storeId,
        tillId,
        member: { memberId },
        rewardId: '0199c0de-0000-7000-8000-00000000dead',
      }),
    },
  },
  'POST /v1/redemptions/:redemptionId:confirm': { may: spends },
  'POST /v1/redemptions/:redemptionId:cancel': { may: spends },
  'POST /v1/redemptions/:redemptionId:fulfil': { may: spends },
  'GET /v1/redemptions/:redemptionId': { may: readsPoints },
  'GET /v1/members/:memberId/redemptions': { may: readsPoints },

  'POST /v1/adjustments': { may: 'store-manager agent complaint-supervisor finance administrator' },
  'POST /v1/adjustments/:adjustmentId:approve': { may: 'complaint-supervisor finance administrator' },
  'POST /v1/adjustments/:adjustmentId:reject': { may: 'complaint-supervisor finance administrator' },
  'GET /v1/adjustments': { may: 'complaint-supervisor finance auditor administrator' },

  'GET /v1/holds': {
    may: 'store-manager complaint-supervisor finance auditor administrator',
    foreign: notYours,
    naming: { path: ({ storeId }) => `/v1/holds?storeId=${storeId}` },
  },
  'POST /v1/holds/:purchaseId:release': { may: 'complaint-supervisor finance administrator' },
  'POST /v1/holds/:purchaseId:reverse': { may: 'complaint-supervisor finance administrator' },

  'GET /v1/stores/:storeId/days/:businessDate': {
    may: 'store-manager finance auditor administrator',
    foreign: notYours,
    naming: { path: ({ storeId }) => `/v1/stores/${storeId}/days/2026-11-02` },
  },
  'GET /v1/stores/:storeId/days/:businessDate/csv': {
    may: 'store-manager finance auditor administrator',
    foreign: notYours,
    naming: { path: ({ storeId }) => `/v1/stores/${storeId}/days/2026-11-02/csv` },
  },
  'GET /v1/day-reports': {
    may: 'store-manager finance auditor administrator',
    foreign: notYours,
    naming: { path: ({ storeId }) => `/v1/day-reports?storeId=${storeId}` },
  },
  'GET /v1/receipt-conflicts': {
    may: 'store-manager finance auditor administrator',
    foreign: notYours,
    naming: { path: ({ storeId }) => `/v1/receipt-conflicts?storeId=${storeId}` },
  },
  'POST /v1/receipt-conflicts/:conflictId:settle': { may: 'store-manager finance administrator' },

  'POST /v1/coupon-definitions': { may: 'marketing administrator' },
  'GET /v1/coupon-definitions': { may: `till ${everyRole}` },
  'POST /v1/coupons': { may: 'agent complaint-supervisor marketing administrator' },
  'GET /v1/members/:memberId/coupons': { may: `${readsPoints} marketing` },
  'POST /v1/coupon-issues': { may: 'marketing administrator' },
  'GET /v1/coupon-issues/:issueId': { may: 'marketing auditor administrator' },
  'POST /v1/coupon-batches': { may: 'marketing administrator' },
  'GET /v1/coupon-batches/:batchId/codes': { may: 'marketing administrator' },
  'POST /v1/coupons/:code:void': { may: 'complaint-supervisor marketing administrator' },
  'GET /v1/coupon-usage': { may: 'store-manager crm-analyst marketing finance auditor administrator' },
  'POST /v1/coupons/evaluations': { may: spends },
  'POST /v1/coupon-uses': { may: spends },
  'POST /v1/coupon-uses/:useId:confirm': { may: spends },
  'POST /v1/coupon-uses/:useId:cancel': { may: spends },

  'GET /v1/messages': { may: 'agent complaint-supervisor crm-analyst marketing auditor administrator' },
  'POST /v1/cases': {
    may: atTheDesk,
    foreign: notYours,
    naming: {
      body: ({ storeId }) => ({ storeId, channel: 'store-desk', type: 'complaint', text: 'Cold noodles' }),
    },
  },
  'GET /v1/cases': {
    may: 'store-manager agent complaint-supervisor auditor administrator',
    foreign: notYours,
    naming: { path: ({ storeId }) => `/v1/cases?storeId=${storeId}` },
  },
  'GET /v1/cases/:caseId': { may: 'store-manager agent complaint-supervisor auditor administrator' },
  'GET /v1/followups': { may: 'store-manager agent crm-analyst marketing auditor administrator' },
};
