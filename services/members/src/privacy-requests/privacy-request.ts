/** What a member asks for. */
export type RequestKind = 'export' | 'erasure' | 'restriction' | 'lifting';

/** Of these kinds one is under way at a time: a restriction and its lifting would cross. */
export function crossing(kind: RequestKind): readonly RequestKind[] {
  return kind === 'restriction' || kind === 'lifting' ? ['restriction', 'lifting'] : [kind];
}

/** Services that know something of members; each has to answer every request (requirement M6). */
export const answering: readonly string[] = ['complaints', 'loyalty', 'members', 'notifications', 'surveys'];

/** Who has not answered yet. */
export function awaited(answered: readonly string[]): string[] {
  return answering.filter((service) => !answered.includes(service));
}

/** By when every service has to have answered. */
export function dueAt(requestedAt: Date, days: number): Date {
  return new Date(requestedAt.getTime() + days * 86_400_000);
}
