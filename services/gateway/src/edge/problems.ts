import { z } from 'zod';
import { type Fault, Malformed } from './faults.js';

/** Why a request is not done, before it becomes a problem document. */
export interface Problem {
  readonly status: number;
  /** Stable, for machines. */
  readonly code: string;
  readonly errors?: readonly Fault[];
  readonly retryAfterS?: number;
  /** What is allowed instead, when the call came in the wrong state. */
  readonly allowed?: readonly string[];
  /** For a conflict: the purchase that holds the receipt. */
  readonly purchaseId?: string;
  /** For refused coupons: each with why, and where and when it was used. */
  readonly coupons?: readonly object[];
  /** For a signature made at another time: the time here, and how many seconds the signer's is ahead. */
  readonly clock?: { readonly serverTime: string; readonly aheadS: number };
}

interface Known {
  readonly status: number;
  readonly title: string;
}

/** Every code that the gateway itself answers, and those of the owners that integrators meet. */
export const knownProblems = {
  MALFORMED: { status: 400, title: 'The request is malformed; errors tells every fault' },
  MALFORMED_JSON: { status: 400, title: 'The body is not JSON' },
  NOT_AUTHENTICATED: { status: 401, title: 'A valid access token or till key is needed' },
  KEY_NOT_KNOWN: { status: 401, title: 'The till key is not known or was revoked' },
  SIGNATURE_NEEDED: { status: 401, title: 'The till signs what it sends, and this is not signed' },
  SIGNATURE_MALFORMED: { status: 401, title: 'The signature cannot be read; errors tells where' },
  SIGNATURE_INCOMPLETE: { status: 401, title: 'The signature leaves out what it has to cover; errors tells what' },
  SIGNATURE_WRONG: { status: 401, title: 'The signature is not one of the key over this request' },
  SIGNATURE_TIME_OFF: { status: 401, title: 'The signature was made at another time; clock tells how far off' },
  DIGEST_WRONG: { status: 401, title: 'The body is not the one whose digest was signed' },
  NOT_ALLOWED: { status: 403, title: 'The caller may not do this' },
  STORE_NOT_ALLOWED: { status: 403, title: 'The caller may not act for this store or till' },
  NOT_FOUND: { status: 404, title: 'It is not there' },
  ROUTE_UNKNOWN: { status: 404, title: 'There is no such route' },
  STORE_UNKNOWN: { status: 404, title: 'There is no such store' },
  TILL_UNKNOWN: { status: 404, title: 'The store has no such till' },
  IMPORT_UNKNOWN: { status: 404, title: 'There is no such import' },
  MEMBER_UNKNOWN: { status: 404, title: 'There is no such member' },
  DUPLICATE_UNKNOWN: { status: 404, title: 'There is no such pair of members' },
  MERGE_UNKNOWN: { status: 404, title: 'There is no such merge' },
  BRAND_UNKNOWN: { status: 404, title: 'There is no such brand' },
  KEY_UNKNOWN: { status: 404, title: 'The till has no such key' },
  PROGRAMME_UNKNOWN: { status: 404, title: 'There is no such programme' },
  VERSION_UNKNOWN: { status: 404, title: 'The programme has no such version' },
  ACCOUNT_UNKNOWN: { status: 404, title: 'The member has no account' },
  TIER_CHANGE_UNKNOWN: { status: 404, title: 'There is no such change of a tier' },
  NO_TIER_REVIEWS: { status: 409, title: 'The programme keeps no tiers: its version has no reviews' },
  BACKTEST_UNKNOWN: { status: 404, title: 'The programme has no such backtest' },
  ENTRY_UNKNOWN: { status: 404, title: 'There is no such entry' },
  OPENING_UNKNOWN: { status: 404, title: 'There is no such opening' },
  ADJUSTMENT_UNKNOWN: { status: 404, title: 'There is no such adjustment' },
  CONFLICT_UNKNOWN: { status: 404, title: 'There is no such conflict' },
  HOLD_UNKNOWN: { status: 404, title: 'There is no such purchase that is held' },
  REWARD_UNKNOWN: { status: 404, title: 'There is no such reward' },
  REDEMPTION_UNKNOWN: { status: 404, title: 'There is no such redemption' },
  REQUEST_UNKNOWN: { status: 404, title: 'There is no such request' },
  SEAL_UNKNOWN: { status: 404, title: 'There is no such seal' },
  CHALLENGE_UNKNOWN: { status: 404, title: 'There is no such challenge' },
  COUPON_KIND_UNKNOWN: { status: 404, title: 'There is no such kind of coupon' },
  ISSUE_UNKNOWN: { status: 404, title: 'There is no such issue' },
  BATCH_UNKNOWN: { status: 404, title: 'There is no such batch' },
  USE_UNKNOWN: { status: 404, title: 'There is no such use of coupons' },
  CASE_UNKNOWN: { status: 404, title: 'There is no such case' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The route has other methods; allowed tells which' },
  CONFLICT: { status: 409, title: 'A rule or a state says no' },
  CONTACT_PERSONS_OF_INDIVIDUAL: { status: 409, title: 'An individual has no contact persons' },
  MEMBER_RESTRICTED: { status: 409, title: 'The processing of the member’s data is restricted' },
  ALREADY_RESTRICTED: { status: 409, title: 'The processing of the data is restricted already' },
  NOT_RESTRICTED: { status: 409, title: 'The processing of the data is not restricted' },
  IMPORT_NOT_RECEIVING: { status: 409, title: 'The file of the import is whole already' },
  IMPORT_PARTS_MISSING: { status: 409, title: 'Parts of the file are missing; hand it over again' },
  OPENING_NOT_RECEIVING: { status: 409, title: 'The file of the opening is whole already' },
  OPENING_PARTS_MISSING: { status: 409, title: 'Parts of the file are missing; hand it over again' },
  OPENING_NOT_DONE: { status: 409, title: 'The opening has booked nothing, or is not read to its end' },
  PROGRAMME_LIVE: { status: 409, title: 'The programme is live: somebody has bought or redeemed in it' },
  REQUEST_OPEN: { status: 409, title: 'One is under way' },
  NO_CONTACT: { status: 409, title: 'The member has none on record' },
  CODE_WRONG: { status: 409, title: 'The code is wrong' },
  CODE_USED: { status: 409, title: 'The code was used' },
  CODE_EXPIRED: { status: 409, title: 'The code is no longer good' },
  TOO_MANY_TRIES: { status: 409, title: 'The code was tried too often' },
  SAME_MEMBER: { status: 409, title: 'A member cannot be merged with herself' },
  MERGE_CYCLE: { status: 409, title: 'The survivor was merged into the other member; undo that first' },
  MEMBER_MERGED: { status: 409, title: 'The member was merged into another already' },
  SURVIVOR_MERGED: {
    status: 409,
    title: 'The survivor was merged into another; name that one, or undo that merge first',
  },
  MERGE_UNDER_WAY: { status: 409, title: 'A merge of the member is under way; try again in a moment' },
  ERASURE_UNDER_WAY: { status: 409, title: 'The member is being erased' },
  MOBILES_DIFFER: { status: 409, title: 'Both have verified a mobile; say mobilesMayDiffer when one person has both' },
  ALREADY_UNDONE: { status: 409, title: 'The merge is undone already' },
  MEMBER_GONE: { status: 409, title: 'The member was erased or merged away' },
  RECEIPT_CONFLICT: { status: 409, title: 'The receipt is already posted with another body' },
  BUSINESS_DATE_IN_FUTURE: { status: 409, title: 'The business date is after today in the store' },
  BUSINESS_DATE_TOO_OLD: { status: 409, title: 'The business date is further back than the programme accepts' },
  NO_PROGRAMME: { status: 409, title: 'No programme is in force for the store on the business date' },
  CURRENCY_NOT_OF_PROGRAMME: { status: 409, title: 'The programme runs in another currency' },
  ALREADY_CREDITED: { status: 409, title: 'The purchase was credited to somebody else' },
  MORE_THAN_BOUGHT: { status: 409, title: 'More was given back than was bought and not refunded yet' },
  ALREADY_REFUNDED: { status: 409, title: 'Everything is refunded already' },
  LINE_UNKNOWN: { status: 409, title: 'The purchase has no such line' },
  POINTS_ALREADY_SPENT: { status: 409, title: 'The points were already spent and the balance may not go below zero' },
  NOT_ENOUGH_POINTS: { status: 409, title: 'The member has not enough points that can be spent' },
  OUT_OF_STOCK: { status: 409, title: 'There are not so many left' },
  LIMIT_REACHED: { status: 409, title: 'The member has had as many as one member may' },
  TIER_NOT_ELIGIBLE: { status: 409, title: 'The member’s tier may not have it' },
  REWARD_NOT_OF_PROGRAMME: { status: 409, title: 'The reward belongs to the programme of other brands' },
  REWARD_NOT_AT_STORE: { status: 409, title: 'The reward cannot be had at this store' },
  REWARD_NOT_YET_VALID: { status: 409, title: 'The reward cannot be had yet' },
  REWARD_ENDED: { status: 409, title: 'The reward cannot be had any more' },
  REWARD_CODE_TAKEN: { status: 409, title: 'The programme has a reward with this code' },
  STOCK_NOT_COUNTED: { status: 409, title: 'The stock of this reward is not counted' },
  STOCK_WOULD_BE_NEGATIVE: { status: 409, title: 'There are not so many in stock' },
  NOT_PROPOSED: { status: 409, title: 'The adjustment is decided already' },
  CONFLICT_SETTLED: { status: 409, title: 'Somebody has settled it already' },
  HOLD_DECIDED: { status: 409, title: 'Somebody has decided it already' },
  OWN_PROPOSAL: { status: 409, title: 'Somebody else has to agree' },
  RECEIPT_REFUNDED: { status: 409, title: 'All of the receipt was given back before; nothing can pay for it' },
  NOT_RESERVED: { status: 409, title: 'It is not reserved; allowed tells what can be done' },
  NOT_CONFIRMED: { status: 409, title: 'It is not confirmed; allowed tells what can be done' },
  COUPONS_REFUSED: { status: 409, title: 'The coupons cannot be used together; coupons tells why each' },
  COUPON_UNKNOWN: { status: 404, title: 'There is no such coupon' },
  NOT_VOIDABLE: { status: 409, title: 'It is held or was used; allowed tells what can be done' },
  COUPON_CODE_TAKEN: { status: 409, title: 'The programme has a kind of coupon with this code' },
  MOBILE_TAKEN: { status: 409, title: 'Another member has this mobile' },
  EMAIL_TAKEN: { status: 409, title: 'Another member has this e-mail' },
  BRAND_CODE_TAKEN: { status: 409, title: 'Another brand has this code' },
  STORE_CODE_TAKEN: { status: 409, title: 'Another store has this code' },
  TOO_MANY_TILLS: { status: 409, title: 'A store has at most 200 tills' },
  TILL_NUMBER_TAKEN: { status: 409, title: 'The store has a till with this number' },
  PROGRAMME_CODE_OR_BRAND_TAKEN: { status: 409, title: 'The code is taken, or a brand has a programme' },
  TOO_MANY_LIVE_KEYS: { status: 409, title: 'The till has two live keys already' },
  NO_PUBLIC_KEY: { status: 409, title: 'The till has no live key with which it signs: register one first' },
  NOT_A_DRAFT: { status: 409, title: 'The version is published already' },
  EFFECTIVE_IN_PAST: { status: 409, title: 'A later version begins today or later' },
  VERSION_CHANGED: { status: 412, title: 'It was changed since it was read; read it again' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large' },
  LINE_TOO_LONG: { status: 413, title: 'A line of a batch has at most 64 KiB' },
  TOO_MANY_LINES: { status: 413, title: 'A batch has at most 1 000 lines' },
  MEDIA_TYPE_NOT_SUPPORTED: { status: 415, title: 'The body must be sent with another content type' },
  PUBLIC_KEY_TAKEN: { status: 409, title: 'The public key was registered before; make another' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The idempotency key was used with another body' },
  IF_MATCH_NEEDED: { status: 428, title: 'If-Match has to say which version is changed' },
  TOO_MANY_CODES: { status: 429, title: 'Too many codes were sent there within an hour' },
  TOO_MANY_CALLS: { status: 429, title: 'The caller makes more calls than are allowed' },
  OVERLOADED: { status: 429, title: 'Too much at once; try again a little later' },
  INTERNAL: { status: 500, title: 'Something went wrong on our side' },
  DEPENDENCY_UNAVAILABLE: { status: 503, title: 'A part of the platform is out of reach' },
  LOYALTY_UNAVAILABLE: { status: 503, title: 'Loyalty cannot be asked just now' },
  MEMBER_LOOKUP_UNAVAILABLE: { status: 503, title: 'The mobile could not be looked up in time' },
  DEADLINE_PASSED: { status: 503, title: 'It waited too long and was not processed' },
  TILL_NOT_READY: { status: 503, title: 'The store or till is so new that not every part has heard of it' },
  OUTCOME_UNKNOWN: { status: 503, title: 'No answer in time; repeating the same request tells' },
} as const satisfies Record<string, Known>;

export type ProblemCode = keyof typeof knownProblems;

/** A problem that the gateway knows. */
export function problem(code: ProblemCode, more: Omit<Problem, 'status' | 'code'> = {}): Problem {
  const { status } = knownProblems[code];
  return { status, code, ...(status === 429 || status === 503 ? { retryAfterS: 1 } : {}), ...more };
}

/** Says no over HTTP; thrown by controllers and guards only. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.code);
    this.name = 'Refused';
  }
}

/** How the failure of a call to an owner is told (gRPC status code and, where the owner said why, its problem). */
export interface OwnerFailure {
  readonly status: number;
  readonly problem:
    | { code: string; faults: readonly Fault[]; retryAfterS: number; allowed: readonly string[] }
    | undefined;
}

const httpStatusOf: Readonly<Record<number, [status: number, code: ProblemCode]>> = {
  1: [503, 'OUTCOME_UNKNOWN'],
  3: [400, 'MALFORMED'],
  4: [503, 'OUTCOME_UNKNOWN'],
  5: [404, 'NOT_FOUND'],
  6: [409, 'CONFLICT'],
  7: [403, 'NOT_ALLOWED'],
  8: [429, 'OVERLOADED'],
  9: [409, 'CONFLICT'],
  14: [503, 'DEPENDENCY_UNAVAILABLE'],
};

/** Where HTTP tells apart what gRPC has one status for. */
const preciseStatus: Readonly<Record<string, number>> = { IDEMPOTENCY_KEY_REUSED: 422, VERSION_CHANGED: 412 };

/**
 * The problem that an owner's failure is (architecture, "Errors"). What is not in the table is a defect: 500 without
 * detail; so is UNAUTHENTICATED, because it was the gateway that signed.
 */
export function problemOf(failure: OwnerFailure): Problem {
  const [status, code] = httpStatusOf[failure.status] ?? [500, 'INTERNAL'];
  if (status === 500) return problem('INTERNAL');
  const said = failure.problem;
  const told = said?.code || code;
  return {
    status: preciseStatus[told] ?? status,
    code: told,
    ...(said?.faults.length ? { errors: said.faults } : {}),
    ...(said?.allowed.length ? { allowed: said.allowed } : {}),
    ...(status === 429 || status === 503 ? { retryAfterS: said?.retryAfterS || 1 } : {}),
  };
}

/** The problem of input that a schema refused. */
export function malformed(fault: Malformed): Problem {
  return problem('MALFORMED', { errors: fault.faults });
}

/** The body of the answer: RFC 9457 with our extensions. */
export function problemDocument(problem: Problem, traceId: string): Record<string, unknown> {
  const { status, code, retryAfterS: _, ...more } = problem;
  return {
    type: `urn:regulars:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: (knownProblems as Readonly<Record<string, Known>>)[code]?.title ?? sentence(code),
    status,
    code,
    traceId,
    retryable: status === 429 || status === 503,
    ...more,
  };
}

function sentence(code: string): string {
  return code.charAt(0) + code.slice(1).toLowerCase().replaceAll('_', ' ');
}

/** The schema of a problem document. */
export const problemSchema = z
  .object({
    type: z.string().meta({ examples: ['urn:regulars:problem:receipt-conflict'] }),
    title: z.string(),
    status: z.int(),
    code: z
      .string()
      .meta({ description: 'Stable, for machines; codes may be added', examples: Object.keys(knownProblems) }),
    traceId: z.string(),
    retryable: z.boolean().meta({ description: 'Whether the same request may succeed later' }),
    errors: z
      .array(z.object({ pointer: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'Every fault: a JSON pointer into the body, or /headers, /path, /query and the name' }),
    allowed: z.array(z.string()).optional().meta({ description: 'What is allowed in this state' }),
    coupons: z
      .array(z.object({ code: z.string(), reason: z.string() }))
      .optional()
      .meta({ description: 'Of refused coupons: each with why, and where and when it was used' }),
    clock: z
      .object({
        serverTime: z.iso.datetime().meta({ description: 'The time here' }),
        aheadS: z.int().meta({ description: 'By how many seconds the signature is ahead of it; below 0 it is behind' }),
      })
      .optional()
      .meta({ description: 'Of a signature made at another time: add -aheadS to your clock and sign again' }),
    purchaseId: z.uuid().optional().meta({ description: 'Of a receipt conflict: the purchase that holds the receipt' }),
  })
  .meta({ id: 'Problem' });
