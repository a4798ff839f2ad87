const outageStates = /^(08|53|57|58)/;
const outageCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);

/**
 * Whether an error means that a dependency is out, not that the code or the data is wrong: a lost or refused connection,
 * or one of PostgreSQL's SQLSTATE classes 08 (connection), 53 (resources), 57 (operator), 58 (system).
 */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, driverError } = error as { code?: unknown; driverError?: unknown };
  if (typeof code === 'string' && (outageStates.test(code) || outageCodes.has(code))) return true;
  if (driverError !== undefined && driverError !== error) return isOutage(driverError);
  return /Connection terminated|connection timeout|timeout exceeded when trying to connect/i.test(error.message);
}
