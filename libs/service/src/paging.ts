import type { PageRequest } from '@regulars/contracts/call/v1/call';

/** A page as a store reads it: `after` is the sort key of the last row of the page before. */
export interface Page {
  readonly limit: number;
  readonly after: readonly (string | number)[] | undefined;
}

/** Reads a page request: limit 1 to 200 (50 when missing), undefined for a cursor that is not one of ours. */
export function pageOf(request: PageRequest | undefined): Page | undefined {
  const limit = Math.min(Math.max(request?.limit || 50, 1), 200);
  if (!request?.cursor) return { limit, after: undefined };
  try {
    const after: unknown = JSON.parse(Buffer.from(request.cursor, 'base64url').toString('utf8'));
    const isKey = Array.isArray(after) && after.every((part) => typeof part === 'string' || typeof part === 'number');
    return isKey ? { limit, after } : undefined;
  } catch {
    return undefined;
  }
}

/** Cuts a page out of `limit + 1` rows and makes the cursor of the next one; empty on the last page. */
export function cutPage<Row>(rows: readonly Row[], limit: number, sortKey: (row: Row) => readonly (string | number)[]) {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const nextCursor =
    rows.length > limit && last !== undefined ? Buffer.from(JSON.stringify(sortKey(last))).toString('base64url') : '';
  return { page, nextCursor };
}
