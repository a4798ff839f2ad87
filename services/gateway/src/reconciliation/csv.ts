/**
 * Rows as CSV (RFC 4180) for spreadsheets. What a spreadsheet would take for a formula is neutralised with an apostrophe
 * (OWASP, CSV injection): receipt numbers come from tills and may begin with anything.
 */
export function csvOf(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(cellOf).join(',')}\r\n`).join('');
}

function cellOf(text: string): string {
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
