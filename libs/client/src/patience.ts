import { setTimeout as sleep } from 'node:timers/promises';

/** How long a caller goes on trying. */
export interface Patience {
  /** Tries at most, the first one counted. */
  readonly attempts: number;
  /** How long one try may take before it is given up and repeated. */
  readonly timeoutMs: number;
  /** Pause before the second try; it doubles each time. An answer's Retry-After counts where it is longer. */
  readonly pauseMs: number;
}

const tills: Patience = { attempts: 5, timeoutMs: 5_000, pauseMs: 250 };

/**
 * A `fetch` that repeats a request until it is answered: after a lost connection, a time-out, 429 and 503. The same
 * bytes go again with the same Idempotency-Key, which is what makes it safe; a write without a key is tried once.
 */
export function patientFetch(patience: Patience = tills): (request: Request) => Promise<Response> {
  return async (request) => {
    const mayRepeat = request.method === 'GET' || request.headers.has('idempotency-key');
    const attempts = mayRepeat ? patience.attempts : 1;
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt === attempts;
      const answer = await tryOnce(request.clone(), patience.timeoutMs).catch((error: unknown) => {
        if (isLast) throw error;
        return undefined;
      });
      if (answer && (isLast || !isWorthRepeating(answer))) return answer;
      await sleep(Math.max(patience.pauseMs * 2 ** (attempt - 1), retryAfterMs(answer)));
    }
  };
}

function tryOnce(request: Request, timeoutMs: number): Promise<Response> {
  return fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]) });
}

function isWorthRepeating({ status }: Response): boolean {
  return status === 429 || status === 503;
}

function retryAfterMs(answer: Response | undefined): number {
  return Number(answer?.headers.get('retry-after') ?? 0) * 1_000;
}
