import { type Exchange, isTaken, postedIn, receiptOf } from './exchanges.js';

/** How far a till's clock may be from the true time before its maker should look at it. */
const CLOCK_TOLERANCE_MS = 120_000;
/** A till that comes back this much sooner than it was told has not looked at Retry-After. */
const EARLY_MS = 150;

/** What is wrong with what a till did; undefined when nothing is. */
export type Finding = string | undefined;

/** Every write has the till's key or its signature, and an Idempotency-Key; amounts and times are in order, so that it is taken. */
export function isPostedWell(seen: readonly Exchange[]): Finding {
  const [first] = seen;
  if (!first) return 'nothing was posted';
  if (!first.bearer.startsWith('rtk_') && first.signatureInput === '')
    return 'the request has neither a till key (Authorization: Bearer rtk_…) nor a signature';
  const hasKey = first.idempotencyKey.length > 0 && first.idempotencyKey.length <= 128;
  if (!hasKey && !first.path.endsWith(':batch')) return 'the write has no Idempotency-Key of 1 to 128 characters';
  return isTaken(first) ? undefined : `it was answered ${first.answered?.status ?? 'nothing'}: ${problemIn(first)}`;
}

/** `rungAt` is the true time with its offset. A wrong clock loses no points; it makes statements hard to read. */
export function hasTrueClock(seen: readonly Exchange[]): Finding {
  const [first] = seen;
  const [posted] = first ? postedIn(first) : [];
  if (!first || !posted?.rungAt) return 'there is no rungAt';
  const offMs = Date.parse(posted.rungAt) - first.atMs;
  if (Number.isNaN(offMs)) return `rungAt is ${posted.rungAt}: RFC 3339 with an offset is expected`;
  if (Math.abs(offMs) <= CLOCK_TOLERANCE_MS) return undefined;
  return `the till's clock is ${Math.round(Math.abs(offMs) / 1_000)} s ${offMs > 0 ? 'ahead' : 'behind'}`;
}

/** What got no answer is sent again, byte for byte and under the same key, until it is answered. */
export function isRepeated(seen: readonly Exchange[]): Finding {
  const [first, second] = seen;
  if (!first) return 'nothing was posted';
  if (!second) return 'it was not sent again';
  if (second.body !== first.body) return `it was sent again with another body (${difference(first, second)})`;
  if (second.idempotencyKey !== first.idempotencyKey) return 'it was sent again under another Idempotency-Key';
  return seen.some(isTaken) ? undefined : 'it was given up before it was answered';
}

/** After a restart the same receipt is sent again with the same content; a new key is fine, a new business date is not. */
export function survivesRestart(seen: readonly Exchange[]): Finding {
  const [first, ...later] = seen;
  const again = later.at(-1);
  if (!first) return 'nothing was posted';
  if (!again) return 'what had no answer was forgotten in the restart';
  const [before] = postedIn(first);
  const after = later.flatMap(postedIn).find((posted) => receiptOf(posted) === receiptOf(before ?? {}));
  if (!after) return 'after the restart it was sent as another receipt, or with another business date';
  if (JSON.stringify(after) !== JSON.stringify(before)) return 'after the restart it was sent with another content';
  return later.some(isTaken) ? undefined : 'it was given up before it was answered';
}

/** Retry-After is heeded. */
export function waitsAsTold(seen: readonly Exchange[], retryAfterMs: number): Finding {
  const repeated = isRepeated(seen);
  if (repeated) return repeated;
  const [first, second] = seen as [Exchange, Exchange];
  const waitedMs = second.atMs - (first.answered?.atMs ?? first.atMs);
  return waitedMs + EARLY_MS >= retryAfterMs
    ? undefined
    : `it came again after ${Math.round(waitedMs)} ms and was told to wait ${retryAfterMs} ms`;
}

/** A refusal is final: it is shown to a person, not sent again. */
export function accepts(seen: readonly Exchange[]): Finding {
  if (seen.length === 0) return 'nothing was posted';
  return seen.length === 1 ? undefined : `a refusal (409) was sent again ${seen.length - 1} times`;
}

/** Everything that was rung up without a connection arrives afterwards, each receipt as itself. */
export function arrivesLater(seen: readonly Exchange[], rungUp: number): Finding {
  const taken = seen.filter(isTaken).flatMap(postedIn).map(receiptOf);
  const receipts = new Set(taken);
  return receipts.size >= rungUp ? undefined : `${rungUp} were rung up and ${receipts.size} arrived`;
}

/** A refund has a receipt of its own and names the one that it gives back. */
export function namesItsPurchase(seen: readonly Exchange[], purchases: readonly Exchange[]): Finding {
  const refund = seen.find(({ path }) => path === '/v1/refunds');
  const [posted] = refund ? postedIn(refund) : [];
  if (!refund || !posted?.purchase) return 'no refund was posted';
  const known = new Set(purchases.filter(isTaken).flatMap(postedIn).map(receiptOf));
  if (!known.has(receiptOf(posted.purchase))) return 'the refund names no purchase that was posted before';
  if (known.has(receiptOf(posted))) return 'the refund has the receipt number of a purchase: it needs its own';
  return isRepeated(seen);
}

/** One receipt number for one receipt. */
export function numbersReceiptsOnce(all: readonly Exchange[]): Finding {
  const contents = new Map<string, string>();
  for (const posted of all.flatMap(postedIn)) {
    const content = JSON.stringify(posted);
    const known = contents.get(receiptOf(posted));
    if (known !== undefined && known !== content) return `receipt ${receiptOf(posted)} was used for two contents`;
    contents.set(receiptOf(posted), content);
  }
  return undefined;
}

function difference(one: Exchange, other: Exchange): string {
  const [before, after] = [postedIn(one)[0], postedIn(other)[0]];
  if (!before || !after) return 'it is not JSON';
  const names = Object.keys({ ...before, ...after }) as (keyof typeof before)[];
  const changed = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return changed.length > 0 ? `changed: ${changed.join(', ')}` : 'the same fields in other bytes';
}

function problemIn({ answered }: Exchange): string {
  try {
    const { code, errors = [] } = JSON.parse(answered?.body ?? '') as {
      code: string;
      errors?: { pointer: string; message: string }[];
    };
    return [code, ...errors.map(({ pointer, message }) => `${pointer} ${message}`)].join('; ');
  } catch {
    return 'no problem document';
  }
}
