/** What somebody did about a conflict. */
export type ConflictAction = 'acknowledged' | 'explained' | 'posted-late' | 'adjusted';

/** A receipt that came again with another body, as stored. */
export interface ConflictRow {
  readonly conflictId: string;
  readonly programmeId: string;
  readonly storeId: string;
  readonly tillId: string;
  readonly businessDate: string;
  readonly receiptNumber: string;
  readonly kind: string;
  readonly body: string;
  readonly postedAt: Date;
  readonly action: ConflictAction | null;
  readonly note: string | null;
  readonly settledBy: string | null;
  readonly settledAt: Date | null;
}
