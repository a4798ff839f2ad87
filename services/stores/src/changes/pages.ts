const pageLength = 500;
const beforeAll = '00000000-0000-0000-0000-000000000000';

/** The rows of a table by id, page by page, so that no list is unbounded. */
export async function* pagesById<Row>(
  pageAfter: (id: string, limit: number) => Promise<Row[]>,
  idOf: (row: Row) => string,
): AsyncGenerator<Row[]> {
  let after = beforeAll;
  for (;;) {
    const page = await pageAfter(after, pageLength);
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageLength) return;
    after = idOf(last);
  }
}
