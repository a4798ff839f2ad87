import type { EntryKind } from './ledger.js';

/** A ledger entry as it is read. */
export interface EntryRow {
  readonly entryId: string;
  readonly memberId: string;
  readonly programmeId: string;
  readonly memberSeq: number;
  readonly kind: EntryKind;
  readonly points: number;
  readonly balanceAfter: number;
  readonly sourceId: string;
  readonly storeId: string | null;
  readonly businessDate: string;
  readonly postedAt: Date;
}
