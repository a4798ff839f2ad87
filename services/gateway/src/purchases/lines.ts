/** A line of a batch: what stood in it, or that it was too long to be read. */
export type Line =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly tooLong: true };

const NEWLINE = 0x0a;

/**
 * Cuts a stream of bytes into lines (NDJSON). Empty lines are skipped but counted. The last line needs no newline; what
 * it is worth is seen when it is read as JSON.
 */
export class Lines {
  private parts: Buffer[] = [];
  private bytes = 0;
  private count = 0;

  constructor(private readonly longestBytes: number) {}

  /** The lines that end within this chunk. */
  *push(chunk: Buffer): Generator<Line> {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      this.keep(chunk.subarray(from, at));
      from = at + 1;
      yield* this.end();
    }
    this.keep(chunk.subarray(from));
  }

  /** What stood behind the last newline. */
  *end(): Generator<Line> {
    const [parts, bytes] = [this.parts, this.bytes];
    [this.parts, this.bytes] = [[], 0];
    const number = ++this.count;
    if (bytes > this.longestBytes) yield { number, tooLong: true };
    const text = bytes > this.longestBytes ? '' : Buffer.concat(parts).toString('utf8').trim();
    if (text !== '') yield { number, text };
  }

  private keep(part: Buffer): void {
    this.bytes += part.length;
    if (this.bytes <= this.longestBytes) this.parts.push(part);
    else this.parts = [];
  }
}
