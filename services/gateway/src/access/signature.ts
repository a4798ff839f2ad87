import { type KeyObject, verify } from 'node:crypto';
import { httpbis } from 'http-message-signatures';
import {
  type Dictionary,
  type InnerList,
  type Item,
  isInnerList,
  parseDictionary,
  serializeInnerList,
  serializeItem,
} from 'structured-headers';
import type { Fault } from '../edge/faults.js';
import { type Problem, problem } from '../edge/problems.js';
import { digestsIn, type SignedDigest } from './digest.js';

/** How far the moment of a signature may be from now, either way. */
export const MOST_OFF_S = 300;
const LONGEST_NONCE = 128;

/** What of a request is looked at. */
export interface SignedRequest {
  readonly method: string;
  /** With scheme and authority. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly hasBody: boolean;
}

/** A key with which somebody signs. */
export interface Signer {
  readonly publicKey: KeyObject;
}

export type Judged<Found extends Signer> =
  | { readonly outcome: 'signed'; readonly signer: Found; readonly digests: readonly SignedDigest[] }
  | { readonly outcome: 'refused'; readonly problem: Problem }
  /** No key of ours is named. */
  | { readonly outcome: 'nobody' };

/**
 * Judges the signature of a request (RFC 9421, Ed25519; requirements O4, O6). Of several signatures the one counts whose
 * key is known. It covers method, path, query, the digest of the body (RFC 9530) and the Idempotency-Key, as far as the
 * request has them, and more where the signer likes. When it was made is judged last, so that a clock that is off is told
 * to who holds the key.
 *
 * @param signerOf the key of an id; undefined when it is not known or was revoked
 */
export function judgeSignature<Found extends Signer>(
  request: SignedRequest,
  nowMs: number,
  signerOf: (keyId: string) => Found | undefined,
): Judged<Found> {
  const inputs = dictionaryIn(request.headers['signature-input']);
  const signatures = dictionaryIn(request.headers.signature);
  if (!inputs) return malformed('/headers/signature-input', 'Expected a dictionary (RFC 9421, 4.1)');
  for (const [label, input] of inputs) {
    const keyId = parameter(input, 'keyid');
    const signer = typeof keyId === 'string' ? signerOf(keyId) : undefined;
    if (!signer) continue;
    if (!isInnerList(input)) return malformed('/headers/signature-input', 'Expected a list of components');
    const [signature] = signatures?.get(label) ?? [];
    if (!(signature instanceof ArrayBuffer)) {
      return malformed('/headers/signature', `Expected the signature ${label} as a byte sequence`);
    }
    return judge(request, input, Buffer.from(signature), signer, nowMs);
  }
  return { outcome: 'nobody' };
}

function judge<Found extends Signer>(
  request: SignedRequest,
  input: InnerList,
  signature: Buffer,
  signer: Found,
  nowMs: number,
): Judged<Found> {
  const faults = [...faultsOfParameters(input), ...faultsOfComponents(input)];
  if (faults.length > 0) return { outcome: 'refused', problem: problem('SIGNATURE_MALFORMED', { errors: faults }) };
  const missing = missingIn(request, input);
  if (missing.length > 0) return { outcome: 'refused', problem: problem('SIGNATURE_INCOMPLETE', { errors: missing }) };
  const base = baseOf(request, input);
  if (!base || !verify(null, Buffer.from(base), signer.publicKey, signature)) {
    return { outcome: 'refused', problem: problem('SIGNATURE_WRONG') };
  }
  const off = whenOff(input, nowMs);
  if (off) return { outcome: 'refused', problem: off };
  const digests = request.hasBody ? digestsIn(request.headers['content-digest']) : [];
  if (!digests) return malformed('/headers/content-digest', 'Expected sha-256 or sha-512 (RFC 9530)');
  return { outcome: 'signed', signer, digests };
}

function faultsOfParameters(input: InnerList): Fault[] {
  const pointer = '/headers/signature-input';
  const [created, expires, nonce, alg] = ['created', 'expires', 'nonce', 'alg'].map((name) => parameter(input, name));
  const faults: Fault[] = [];
  if (!Number.isInteger(created)) faults.push({ pointer, message: 'Expected created, in seconds since 1970' });
  if (expires !== undefined && !Number.isInteger(expires))
    faults.push({ pointer, message: 'Expected expires in seconds' });
  const isNonce = nonce === undefined || (typeof nonce === 'string' && nonce !== '' && nonce.length <= LONGEST_NONCE);
  if (!isNonce) faults.push({ pointer, message: `Expected a nonce of 1 to ${LONGEST_NONCE} characters` });
  if (alg !== undefined && alg !== 'ed25519') faults.push({ pointer, message: 'Expected alg to be ed25519' });
  return faults;
}

function faultsOfComponents([components]: InnerList): Fault[] {
  const names = components.map(([name]) => String(name));
  const plain = components.every(([name, parameters]) => typeof name === 'string' && parameters.size === 0);
  const isSound = plain && new Set(names).size === names.length;
  return isSound ? [] : [{ pointer: '/headers/signature-input', message: 'Expected each component once and plain' }];
}

/** What has to be covered and is not. */
function missingIn({ url, headers, hasBody }: SignedRequest, [components]: InnerList): Fault[] {
  const covered = new Set(components.map(([name]) => String(name).toLowerCase()));
  const wanted = [
    '@method',
    '@path',
    ...(url.includes('?') ? ['@query'] : []),
    ...(hasBody ? ['content-digest'] : []),
    ...(headers['idempotency-key'] === undefined ? [] : ['idempotency-key']),
  ];
  return wanted
    .filter((name) => !covered.has(name))
    .map((name) => ({ pointer: '/headers/signature-input', message: `Expected "${name}" to be covered` }));
}

/** What was signed (RFC 9421, 2.5); undefined when a component that is covered is not there. */
function baseOf({ method, url, headers }: SignedRequest, input: InnerList): string | undefined {
  const present = Object.entries(headers).filter((each): each is [string, string | string[]] => each[1] !== undefined);
  try {
    const fields = input[0].map((item) => serializeItem(item));
    const base = httpbis.createSignatureBase({ fields }, { method, url, headers: Object.fromEntries(present) });
    return httpbis.formatSignatureBase([...base, ['"@signature-params"', [serializeInnerList(input)]]]);
  } catch {
    return undefined;
  }
}

/** The problem of a signature that was made or ends at another time than now. */
function whenOff(input: InnerList, nowMs: number): Problem | undefined {
  const nowS = Math.floor(nowMs / 1_000);
  const [created, expires] = [Number(parameter(input, 'created')), parameter(input, 'expires')];
  const aheadS = created - nowS;
  const isOver = typeof expires === 'number' && expires < nowS;
  if (Math.abs(aheadS) <= MOST_OFF_S && !isOver) return undefined;
  return problem('SIGNATURE_TIME_OFF', { clock: { serverTime: new Date(nowMs).toISOString(), aheadS } });
}

function parameter([, parameters]: Item | InnerList, name: string): unknown {
  return parameters.get(name) as unknown;
}

function dictionaryIn(header: string | string[] | undefined): Dictionary | undefined {
  if (header === undefined) return undefined;
  try {
    return parseDictionary(typeof header === 'string' ? header : header.join(', '));
  } catch {
    return undefined;
  }
}

function malformed(pointer: string, message: string): { outcome: 'refused'; problem: Problem } {
  return { outcome: 'refused', problem: problem('SIGNATURE_MALFORMED', { errors: [{ pointer, message }] }) };
}
