export type Encoding = 'utf-8' | 'gb18030';

const replacement = '\ufffd';
const fewestPerFault = 10;

/** Counts what a file looks like when it is read as UTF-8. */
export class EncodingCount {
  private readonly decoder = new TextDecoder('utf-8');
  private characters = 0;
  private faults = 0;

  add(bytes: Uint8Array): void {
    this.count(this.decoder.decode(bytes, { stream: true }));
  }

  /**
   * The encoding of all that was added. In a file that is UTF-8 but for some broken bytes, characters beyond ASCII by far
   * outnumber the faults; in a file that is GB18030 nearly each of them is a fault.
   */
  end(): Encoding {
    this.count(this.decoder.decode());
    return this.faults === 0 || this.characters >= this.faults * fewestPerFault ? 'utf-8' : 'gb18030';
  }

  private count(text: string): void {
    for (const character of text) {
      if (character === replacement) this.faults += 1;
      else if (character > '\u007f') this.characters += 1;
    }
  }
}

/** Whether something of a text could not be read in its encoding. */
export function isUnreadable(text: string): boolean {
  return text.includes(replacement);
}
