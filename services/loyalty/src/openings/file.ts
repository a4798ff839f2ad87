/** More than a row of 200 lots and 800 days needs. */
const LONGEST_LINE = 256 * 1024;

/** A file that cannot be read on. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';

  constructor(readonly reason: 'LINE_TOO_LONG') {
    super(reason);
  }
}

/** A line of a file that is not empty. */
export interface Line {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/**
 * The lines of a file that comes in parts, in UTF-8 with or without a mark; no more than a part and a line are held.
 *
 * @throws UnreadableFile at a line that is too long
 */
export async function* linesOf(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  let rest = '';
  let line = 0;
  for await (const part of parts) {
    const pieces = (rest + decoder.decode(part, { stream: true })).split('\n');
    rest = pieces.pop() ?? '';
    if (rest.length > LONGEST_LINE) throw new UnreadableFile('LINE_TOO_LONG');
    for (const text of pieces) {
      line += 1;
      if (text.trim() !== '') yield { line, text };
    }
  }
  const text = rest + decoder.decode();
  if (text.trim() !== '') yield { line: line + 1, text };
}
