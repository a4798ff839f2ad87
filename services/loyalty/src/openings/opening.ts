/** Where an opening stands (requirement L16). */
export type OpeningState = 'receiving' | 'booking' | 'done' | 'failed' | 'undoing' | 'undone';

/** Rows and the points in them. */
export interface Sum {
  readonly rows: number;
  readonly points: number;
}

/** What became of the rows of a file. */
export interface Sums {
  /** All that was read. */
  readonly file: Sum;
  readonly booked: Sum;
  readonly waiting: Sum;
  readonly repeated: Sum;
  readonly rejected: Sum;
}

/** An opening as stored. */
export interface OpeningRow extends Sums {
  readonly openingId: string;
  readonly programmeId: string;
  readonly source: string;
  readonly isDryRun: boolean;
  readonly expected: Sum | null;
  readonly state: OpeningState;
  readonly reason: string;
  /** What its entries come to in the ledger. */
  readonly ledgerPoints: number;
  /** Whether `ledgerPoints` was summed since the last row was booked or taken back. */
  readonly isSummed: boolean;
  /** The last line of the file that was read. */
  readonly line: number;
  readonly begunBy: string;
  readonly begunAt: Date;
  readonly doneAt: Date | null;
  readonly undoneAt: Date | null;
}

/**
 * Whether the ledger has what the file had (requirement L16): everything that was read is booked, now or before under the
 * same external id, the entries say the same, and so does who told what to expect. Undefined while it moves.
 */
export function balanceOf(
  row: Pick<OpeningRow, 'state' | 'isDryRun' | 'isSummed' | 'expected' | 'ledgerPoints'> & Sums,
): 'matches' | 'waits' | 'differs' | undefined {
  const { state, isDryRun, isSummed, expected, file, booked, waiting, repeated, rejected, ledgerPoints } = row;
  if (state === 'undone') return isSummed ? (ledgerPoints === 0 ? 'matches' : 'differs') : undefined;
  if (state === 'failed') return 'differs';
  if (state !== 'done') return undefined;
  if (rejected.rows > 0) return 'differs';
  if (expected && (expected.rows !== file.rows || expected.points !== file.points)) return 'differs';
  if (waiting.rows > 0) return 'waits';
  if (isDryRun) return 'matches';
  if (!isSummed) return undefined;
  const isWhole = ledgerPoints === booked.points && file.points === booked.points + repeated.points;
  return isWhole ? 'matches' : 'differs';
}
