/** A row of the outbox by its number, which it was given when it was written. */
export interface Numbered {
  readonly ord: number;
}

/**
 * How far rows can be published in the order in which they were written.
 *
 * Whoever changes an aggregate holds its lock from before its event gets a number until the commit, so events of one key
 * have rising numbers. A number that cannot be seen belongs to a transaction that is still open, or to none any more. Which
 * one is certain once every transaction has ended that had begun to write when a higher number was seen: a row takes the
 * id of its transaction before its number.
 */
export class WritingOrder {
  #mark: { readonly through: number; readonly xid: bigint } | undefined;
  /** Up to here a number that cannot be seen will never be. */
  #settled = 0;

  /** Whether `mark` is to be called for rows that are held back. */
  get wantsMark(): boolean {
    return this.#mark === undefined;
  }

  /**
   * How many of `rows` can be published.
   *
   * @param through all rows up to this number are published
   * @param rows what is committed behind it, by number, without a gap of what is visible
   * @param oldestOpen the oldest transaction that was open when they were read
   */
  ready(through: number, rows: readonly Numbered[], oldestOpen: bigint): number {
    if (this.#mark && oldestOpen >= this.#mark.xid) {
      this.#settled = this.#mark.through;
      this.#mark = undefined;
    }
    let before = through;
    const end = rows.findIndex(({ ord }) => {
      const follows = ord === before + 1 || ord <= this.#settled;
      before = ord;
      return !follows;
    });
    return end === -1 ? rows.length : end;
  }

  /**
   * Notes that numbers below the last of `rows` are decided once no transaction below `xid` is open.
   *
   * @param xid a transaction that got its id after the rows were read
   */
  mark(rows: readonly Numbered[], xid: bigint): void {
    this.#mark = { through: rows.at(-1)?.ord ?? 0, xid };
  }
}
