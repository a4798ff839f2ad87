/** Thrown to roll back a batch and run it again, because something it relied on has changed. */
export class RunAgain extends Error {
  override readonly name = 'RunAgain';
}

/**
 * Why a batch failed: `run-again` (a lost race), `items` (one of them made it fail by itself), `lost` (the connection,
 * before anything could be committed), `lost-after-commit-was-sent` (the outcome is open), `outage` (the database
 * refuses: full, shutting down, too slow; nothing was committed).
 */
export type Failure = 'run-again' | 'items' | 'lost' | 'lost-after-commit-was-sent' | 'outage';

const races = new Set(['40001', '40P01', '23505']);
/** The server ended the session or is not there yet; what it did with a COMMIT that was under way is not known. */
const ended = /^(08|57P)/;

/** What a failed batch means for its items (architecture: the purchase path, 5). */
export function failureOf(error: unknown, commitSent: boolean): Failure {
  if (error instanceof RunAgain) return 'run-again';
  const { code, name } = error as { code?: unknown; name?: unknown };
  const state = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
  if (state === undefined) {
    if (name === 'NotCommitted') return 'run-again';
    return isLostConnection(error) ? lost(commitSent) : 'items';
  }
  if (races.has(state)) return 'run-again';
  if (ended.test(state)) return lost(commitSent);
  return /^2[23]/.test(state) ? 'items' : 'outage';
}

function lost(commitSent: boolean): Failure {
  return commitSent ? 'lost-after-commit-was-sent' : 'lost';
}

function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^(E[A-Z]+|ERR_STREAM.*)$/.test(code)) return true;
  return /connection terminated|connection error|not queryable|timeout expired|client was closed/i.test(error.message);
}
