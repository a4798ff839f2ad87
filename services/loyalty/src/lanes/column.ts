/**
 * An array as PostgreSQL reads it, for a parameter that a statement unnests: what the driver would make of it, at a
 * fifth of the cost.
 */
export function column(values: readonly (string | number | Buffer | null | undefined)[]): string {
  let text = '{';
  for (let at = 0; at < values.length; at += 1) {
    if (at > 0) text += ',';
    text += element(values[at]);
  }
  return `${text}}`;
}

/** The column of one field of every row. */
export function columnOf<Row>(
  rows: readonly Row[],
  field: (row: Row) => string | number | Buffer | null | undefined,
): string {
  let text = '{';
  for (let at = 0; at < rows.length; at += 1) {
    if (at > 0) text += ',';
    text += element(field(rows[at] as Row));
  }
  return `${text}}`;
}

const special = /["\\]/;
const everySpecial = /["\\]/g;

function element(value: string | number | Buffer | null | undefined): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return special.test(value) ? `"${value.replace(everySpecial, '\\$&')}"` : `"${value}"`;
  return `"\\\\x${value.toString('hex')}"`;
}
