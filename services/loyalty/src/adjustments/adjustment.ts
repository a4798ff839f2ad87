/** Where an adjustment stands. */
export type AdjustmentState = 'proposed' | 'booked' | 'rejected';

/** An adjustment as stored. */
export interface AdjustmentRow {
  readonly adjustmentId: string;
  readonly memberId: string;
  readonly programmeId: string;
  /** Signed, not 0. */
  readonly points: number;
  readonly kind: 'goodwill' | 'correction';
  readonly reason: string;
  readonly state: AdjustmentState;
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
  readonly entryId: string | null;
}

/**
 * Whether a second person has to agree (requirement L14). Everything that one person gave to or took from one member in
 * a day counts together, so that splitting is no way around.
 *
 * @param before points given and taken before, without sign
 */
export function needsSecondPerson(points: number, before: number, limit: number): boolean {
  return Math.abs(points) + before > limit;
}

/** Why somebody cannot decide an adjustment; undefined when they can. */
export function whyNotDecide(
  { state, requestedBy }: Pick<AdjustmentRow, 'state' | 'requestedBy'>,
  decider: string,
): 'NOT_PROPOSED' | 'OWN_PROPOSAL' | undefined {
  if (state !== 'proposed') return 'NOT_PROPOSED';
  return requestedBy === decider ? 'OWN_PROPOSAL' : undefined;
}
