import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';

/** What identifies a receipt in the world, for a till and for us. */
export interface Receipt {
  readonly storeId: string;
  readonly tillId: string;
  readonly businessDate: string;
  readonly receiptNumber: string;
}

/** What a till was answered. */
export type Outcome =
  | {
      readonly kind: 'credited';
      readonly purchaseId: string;
      readonly memberId: string;
      readonly points: number;
      readonly balance: number;
    }
  | { readonly kind: 'pending'; readonly purchaseId: string }
  | { readonly kind: 'held'; readonly purchaseId: string }
  | { readonly kind: 'taken-back'; readonly refundId: string; readonly points: number; readonly owed: number }
  | { readonly kind: 'waiting'; readonly refundId: string }
  | { readonly kind: 'refused'; readonly code: string }
  /** Nothing was promised: 429 or 503; the till tries again. */
  | { readonly kind: 'retry'; readonly code: string; readonly afterMs: number | undefined }
  /** The connection ended without an answer, or none came in time. */
  | { readonly kind: 'lost' }
  /** What a till must never see. */
  | { readonly kind: 'wrong'; readonly what: string };

/** One request for one receipt: a call of its own or a line of a batch. */
export interface Attempt {
  readonly number: number;
  readonly operation: 'purchase' | 'refund';
  readonly receipt: Receipt;
  /** The member named; undefined for an anonymous purchase. */
  readonly memberId: string | undefined;
  /** Idempotency-Key; undefined for a line of a batch. */
  readonly key: string | undefined;
  /** A defect is the right answer to it. */
  readonly isPoison?: boolean;
  readonly sentAtMs: number;
  answeredAtMs?: number;
  outcome?: Outcome;
  /** The answer says that it repeats an earlier one. */
  replayed?: boolean;
}

/** A moment at which something was broken. */
export interface Strike {
  readonly what: string;
  readonly atMs: number;
  /** Requests that were sent and not answered at that moment. */
  readonly inFlight: number;
}

/**
 * Every request and every answer as the tills saw them, written down apart from the platform: in memory for the check,
 * and line by line in a file for whoever looks into a violation.
 */
export class History {
  readonly attempts: Attempt[] = [];
  readonly strikes: Strike[] = [];
  #inFlight = 0;
  readonly #began = performance.now();
  readonly #file: WriteStream | undefined;

  /** @param file where the lines go; none when left out */
  constructor(file?: string) {
    this.#file = file === undefined ? undefined : createWriteStream(file);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Milliseconds since the history began. */
  nowMs(): number {
    return performance.now() - this.#began;
  }

  begin(request: Pick<Attempt, 'operation' | 'receipt' | 'memberId' | 'key' | 'isPoison'>): Attempt {
    const attempt = { number: this.attempts.length + 1, ...request, sentAtMs: this.nowMs() };
    this.attempts.push(attempt);
    this.#inFlight += 1;
    this.#write({ sent: attempt });
    return attempt;
  }

  end(attempt: Attempt, outcome: Outcome, replayed = false): void {
    if (attempt.outcome) throw new Error(`Attempt ${attempt.number} was answered twice`);
    attempt.answeredAtMs = this.nowMs();
    attempt.outcome = outcome;
    attempt.replayed = replayed;
    this.#inFlight -= 1;
    this.#write({ answered: attempt.number, atMs: attempt.answeredAtMs, outcome, replayed });
  }

  /** To be called at the moment in which something is broken. */
  strike(what: string, inFlight = this.#inFlight): void {
    const strike = { what, atMs: this.nowMs(), inFlight };
    this.strikes.push(strike);
    this.#write({ strike });
  }

  async close(): Promise<void> {
    if (!this.#file) return;
    this.#file.end();
    await once(this.#file, 'close');
  }

  #write(line: object): void {
    this.#file?.write(`${JSON.stringify(line)}\n`);
  }
}

/** An outcome that a till may rely on: it stops asking. */
export function isAcknowledged(outcome: Outcome | undefined): boolean {
  switch (outcome?.kind) {
    case 'credited':
    case 'pending':
    case 'held':
    case 'taken-back':
    case 'waiting':
      return true;
    default:
      return false;
  }
}

/** One text per receipt. */
export function receiptId(receipt: Receipt): string {
  return `${receipt.storeId}/${receipt.tillId}/${receipt.businessDate}/${receipt.receiptNumber}`;
}
