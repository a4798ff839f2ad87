import type { ReadName } from './results.js';

type Params = Record<string, string>;

/** A read as a bare route answers it: the same query that loyalty's store asks. */
export interface BareQuery {
  route: string;
  path: (subject: { memberId: string; entryId: string; month: string }) => string;
  query: string;
  values: (params: Params) => unknown[];
}

export const BARE_QUERIES: Record<ReadName, BareQuery> = {
  balance: {
    route: '/balance/:memberId',
    path: ({ memberId }) => `/balance/${memberId}`,
    query: 'SELECT * FROM account WHERE member_id = $1',
    values: ({ memberId }) => [memberId],
  },
  statement: {
    route: '/statement/:memberId/:month',
    path: ({ memberId, month }) => `/statement/${memberId}/${month}`,
    query: `SELECT * FROM entry WHERE member_id = $1 AND posted_at >= $2 ORDER BY member_seq LIMIT 51`,
    values: ({ memberId, month }) => [memberId, `${month}-01`],
  },
  explain: {
    route: '/explain/:entryId',
    path: ({ entryId }) => `/explain/${entryId}`,
    query: 'SELECT * FROM entry WHERE entry_id = $1',
    values: ({ entryId }) => [entryId],
  },
};
