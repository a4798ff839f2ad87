import { BadEvent } from './event.js';

/**
 * Whether an effect failed because of the event itself: BadEvent, or SQLSTATE class 22 (data) or 23 (constraint).
 * Everything else is an outage, which passes.
 */
export function isRefused(error: unknown): boolean {
  if (error instanceof BadEvent) return true;
  const state = sqlState(error);
  return state !== undefined && /^2[23]/.test(state);
}

/** Name, SQLSTATE and message in at most 300 characters, never the statement's parameters. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const state = sqlState(error);
  return `${error.name}${state ? ` ${state}` : ''}: ${error.message}`.replaceAll('\0', '').slice(0, 300);
}

function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, driverError } = error as { code?: unknown; driverError?: { code?: unknown } };
  const state = driverError?.code ?? code;
  return typeof state === 'string' && state.length === 5 ? state : undefined;
}
