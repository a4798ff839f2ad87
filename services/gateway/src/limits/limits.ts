import { createHash } from 'node:crypto';

/** Routes of which a caller has a share of the own limit only: they cost more, or tell who is a member. */
const shares: Readonly<Record<string, number>> = {
  'GET /v1/members': 0.4,
  'GET /v1/members/search': 0.2,
  'POST /v1/purchases:batch': 0.1,
};

/** The share of a caller's limit that a route has; undefined for all of it. */
export function shareOf(route: string): number | undefined {
  return shares[route];
}

/** What a subject is called when other processes are told of it: no name and no address. */
export function hashedSubject(subject: string): string {
  return createHash('sha256').update(subject).digest('base64url').slice(0, 22);
}
