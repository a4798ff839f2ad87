/** Where a merge stands. */
export type MergeState = 'ordered' | 'booked' | 'undo-ordered' | 'undone';

/** A merge as stored. */
export interface MergeRow {
  readonly mergeId: string;
  readonly survivorId: string;
  readonly mergedId: string;
  readonly state: MergeState;
  readonly orderedAt: Date;
  readonly orderedBy: string;
  readonly bookedAt: Date | null;
  readonly undoOrderedAt: Date | null;
  readonly undoOrderedBy: string | null;
  readonly undoneAt: Date | null;
  readonly exact: boolean | null;
  readonly compensatedPoints: number;
  readonly owedPoints: number;
}

/** A member as far as a merge looks at her. */
export interface Mergeable {
  readonly memberId: string;
  readonly mergedInto: string | null;
  readonly isGone: boolean;
  readonly isErasureUnderWay: boolean;
  /** Whether a merge of hers is ordered and not booked, or its undoing. */
  readonly isMergeUnderWay: boolean;
  readonly hasVerifiedMobile: boolean;
  readonly homeStoreId: string | null;
}

export type MergeRefusal =
  | 'MEMBER_UNKNOWN'
  | 'STORE_NOT_ALLOWED'
  | 'SAME_MEMBER'
  | 'MEMBER_GONE'
  | 'MERGE_CYCLE'
  | 'MEMBER_MERGED'
  | 'SURVIVOR_MERGED'
  | 'MERGE_UNDER_WAY'
  | 'ERASURE_UNDER_WAY'
  | 'MOBILES_DIFFER';

export type UndoRefusal =
  | 'MERGE_UNKNOWN'
  | 'STORE_NOT_ALLOWED'
  | 'MERGE_UNDER_WAY'
  | 'ALREADY_UNDONE'
  | 'SURVIVOR_MERGED'
  | 'MEMBER_GONE'
  | 'ERASURE_UNDER_WAY';

/**
 * Why two members cannot be merged (requirement M5); undefined when they can. Who is merged already stands for somebody
 * else, so that merges never go round in a circle. Two verified mobiles always differ: somebody has to say that one
 * person has both.
 */
export function whyNotMerge(
  survivor: Mergeable | undefined,
  merged: Mergeable | undefined,
  mobilesMayDiffer: boolean,
): MergeRefusal | undefined {
  if (!survivor || !merged) return 'MEMBER_UNKNOWN';
  if (survivor.memberId === merged.memberId) return 'SAME_MEMBER';
  if (survivor.isGone || merged.isGone) return 'MEMBER_GONE';
  if (survivor.mergedInto === merged.memberId) return 'MERGE_CYCLE';
  if (merged.mergedInto) return 'MEMBER_MERGED';
  if (survivor.mergedInto) return 'SURVIVOR_MERGED';
  if (survivor.isMergeUnderWay || merged.isMergeUnderWay) return 'MERGE_UNDER_WAY';
  if (survivor.isErasureUnderWay || merged.isErasureUnderWay) return 'ERASURE_UNDER_WAY';
  if (survivor.hasVerifiedMobile && merged.hasVerifiedMobile && !mobilesMayDiffer) return 'MOBILES_DIFFER';
  return undefined;
}

/** Why a merge cannot be undone; undefined when it can. What was merged on since is undone first. */
export function whyNotUndo(
  { state }: Pick<MergeRow, 'state'>,
  survivor: Mergeable,
  merged: Mergeable,
): UndoRefusal | undefined {
  if (state === 'undo-ordered' || state === 'undone') return 'ALREADY_UNDONE';
  if (survivor.isGone || merged.isGone) return 'MEMBER_GONE';
  if (survivor.mergedInto) return 'SURVIVOR_MERGED';
  if (survivor.isMergeUnderWay || merged.isMergeUnderWay) return 'MERGE_UNDER_WAY';
  if (survivor.isErasureUnderWay || merged.isErasureUnderWay) return 'ERASURE_UNDER_WAY';
  return undefined;
}
