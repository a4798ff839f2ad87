import { chained } from '@regulars/service';

/** A line of the access log as it is sealed: every column of it, in one text that nothing else gives. */
export interface SealableLine {
  readonly entry: number;
  readonly content: string;
}

/** What is known when lines are sealed. */
export interface SealedRange {
  /** Counts up without a gap. */
  readonly seal: number;
  /** The last line that it is over. */
  readonly throughEntry: number;
  readonly lines: number;
  readonly sealedAt: Date;
}

export interface Seal extends SealedRange {
  readonly hash: Buffer;
}

/**
 * The hash of a seal (requirement M6): over the seal before, the lines since, in order, and what the seal itself says.
 *
 * @param previous the hash of the seal before, or `chainBegins`
 */
export function sealOver(previous: Buffer, lines: readonly SealableLine[], range: SealedRange): Buffer {
  const overLines = lines.reduce((hash, line) => chained(hash, line.content), previous);
  const { seal, throughEntry, sealedAt } = range;
  return chained(overLines, JSON.stringify([seal, throughEntry, range.lines, sealedAt.getTime()]));
}

/** Whether a seal follows another and is what its lines give. */
export function isWhole(
  before: { readonly seal: number; readonly hash: Buffer },
  seal: Seal,
  lines: readonly SealableLine[],
): boolean {
  return (
    seal.seal === before.seal + 1 && seal.lines === lines.length && sealOver(before.hash, lines, seal).equals(seal.hash)
  );
}
