/**
 * Whether this runtime knows a zone by this name (IANA). A projection checks the zones that it is told, so that one which
 * only the teller knows parks that one event instead of failing whatever is computed with it later.
 */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    // Intl has no question for this: it throws a RangeError for a zone that it does not know.
    return false;
  }
}
