import type { Outcome } from './history.js';
import type { HttpAnswer } from './http.js';

/** What an answer to a purchase or a refund means to the till that sent it. */
export function outcomeOf(answer: HttpAnswer | undefined): { outcome: Outcome; replayed: boolean } {
  if (!answer) return { outcome: { kind: 'lost' }, replayed: false };
  const replayed = answer.headers['idempotency-replayed'] === 'true';
  const body = objectIn(answer.text);
  if (!body) return { outcome: { kind: 'wrong', what: `${answer.status} without a JSON object` }, replayed };
  if (answer.status >= 200 && answer.status < 300) return { outcome: acknowledgement(body), replayed };
  return { outcome: problem(answer.status, body, answer.headers['retry-after']), replayed };
}

/** What a line of a batch was answered: in `result` or `problem` the body that the purchase alone would have had. */
export function outcomeOfLine(line: Record<string, unknown>): { outcome: Outcome; replayed: boolean } {
  const replayed = line.replayed === true;
  const fault = line.problem;
  if (isObject(fault)) return { outcome: problem(Number(fault.status), fault, undefined), replayed };
  const { result } = line;
  if (!isObject(result)) return { outcome: { kind: 'wrong', what: 'a line without a result' }, replayed };
  return { outcome: acknowledgement(result), replayed };
}

function acknowledgement(body: Record<string, unknown>): Outcome {
  const text = (name: string) => textOf(body[name]);
  const number = (name: string) => Number(body[name] ?? 0);
  switch (body.outcome) {
    case 'credited':
      return {
        kind: 'credited',
        purchaseId: text('purchaseId'),
        memberId: text('memberId'),
        points: number('pointsEarned'),
        balance: number('balance'),
      };
    case 'pending':
    case 'held':
      return { kind: body.outcome, purchaseId: text('purchaseId') };
    case 'taken-back':
      return {
        kind: 'taken-back',
        refundId: text('refundId'),
        points: number('pointsTaken'),
        owed: number('pointsOwed'),
      };
    case 'waiting':
      return { kind: 'waiting', refundId: text('refundId') };
    default:
      return { kind: 'wrong', what: `an acknowledgement with outcome ${JSON.stringify(body.outcome)}` };
  }
}

function problem(status: number, body: Record<string, unknown>, retryAfter: string | undefined): Outcome {
  const code = textOf(body.code);
  if (status === 429 || status === 503) {
    return { kind: 'retry', code, afterMs: retryAfter === undefined ? undefined : Number(retryAfter) * 1_000 };
  }
  if (status === 409 || status === 422) return { kind: 'refused', code };
  return { kind: 'wrong', what: `${status} ${code}` };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
