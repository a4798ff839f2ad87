import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock, chainBegins } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { isWhole, type Seal, sealOver } from './access-seals.js';
import {
  addSeal,
  findSeal,
  hasUnsealed,
  holdLastSeal,
  linesBetween,
  sealsAfter,
  settledEntry,
  unsealed,
} from './access-seals.store.js';

/** So many lines are sealed at once at most: some ten milliseconds of work. */
export const linesOfASeal = 2_000;
const atOnce = { seals: 1_000, lines: 20_000 };

type Before = Pick<Seal, 'seal' | 'throughEntry' | 'hash'>;
/** Every line that stands before the first seal is under it, whatever number somebody gave it. */
const beforeFirst: Before = { seal: 0, throughEntry: Number.MIN_SAFE_INTEGER, hash: chainBegins };

/** What a look at seals found. */
export interface SealsFound {
  /** How many were right, over how many lines. */
  readonly seals: number;
  readonly lines: number;
  /** The last one that was right, or the one before where the look began. */
  readonly last: Before;
  /** The first that was not right. */
  readonly brokenSeal: number | undefined;
  /** Where to go on; undefined when there are no further ones. */
  readonly nextSeal: number | undefined;
}

/** Seals the log of reads, so that no line of it can be changed unnoticed (requirement M6). */
@Injectable()
export class AccessSealsService {
  private readonly anchor = new Logger('access-seals');

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Seals what was committed since the last seal. The seal also goes to the log of the process, outside the database:
   * whoever writes log and seals anew cannot make both agree. Safe on several replicas at once.
   *
   * @returns how many lines
   */
  async sealSome(): Promise<number> {
    if (!(await hasUnsealed(this.dataSource.manager))) return 0;
    const settled = await this.dataSource.transaction((tx) => settledEntry(tx));
    const seal = settled && (await this.dataSource.transaction((tx) => this.seal(tx, settled)));
    if (!seal) return 0;
    const { hash, ...rest } = seal;
    this.anchor.log({ ...rest, hash: hash.toString('hex') }, 'accesses sealed');
    return seal.lines;
  }

  /** Reckons seals again, in this process; undefined when there is no seal to begin at. @param fromSeal 1 or more */
  async verify(fromSeal: number): Promise<SealsFound | undefined> {
    const { manager } = this.dataSource;
    const before = fromSeal <= 1 ? beforeFirst : await findSeal(manager, fromSeal - 1);
    if (!before) return undefined;
    const seals = await sealsAfter(manager, before.seal, atOnce);
    const found = await this.reckon(manager, before, seals);
    const isBroken = found.brokenSeal !== undefined;
    const hasMore = !isBroken && seals.length > 0 && (await sealsAfter(manager, found.last.seal, atOnce)).length > 0;
    return { ...found, nextSeal: hasMore ? found.last.seal + 1 : undefined };
  }

  /** The same for all seals. */
  async verifyAll(): Promise<SealsFound> {
    let all: SealsFound = { seals: 0, lines: 0, last: beforeFirst, brokenSeal: undefined, nextSeal: 1 };
    while (all.nextSeal !== undefined) {
      const found = await this.verify(all.nextSeal);
      if (!found) throw new Error('a seal that was there a moment ago is gone');
      all = { ...found, seals: all.seals + found.seals, lines: all.lines + found.lines };
    }
    return all;
  }

  /** Lines that no seal is over yet. */
  unsealed(): Promise<{ lines: number; since: Date | null }> {
    return unsealed(this.dataSource.manager);
  }

  /** Whether a seal has the hash that somebody noted. */
  async isAsNoted(seal: number, hash: string): Promise<boolean> {
    return (await findSeal(this.dataSource.manager, seal))?.hash.toString('hex') === hash.toLowerCase();
  }

  private async seal(tx: EntityManager, settled: number): Promise<Seal | undefined> {
    const before = (await holdLastSeal(tx)) ?? beforeFirst;
    const lines = await linesBetween(tx, before.throughEntry, settled, linesOfASeal);
    const last = lines.at(-1);
    if (!last) return undefined;
    const range = {
      seal: before.seal + 1,
      throughEntry: last.entry,
      lines: lines.length,
      sealedAt: this.clock.now(),
    };
    const seal = { ...range, hash: sealOver(before.hash, lines, range) };
    await addSeal(tx, seal);
    return seal;
  }

  private async reckon(
    tx: EntityManager,
    first: Before,
    seals: readonly Seal[],
  ): Promise<Omit<SealsFound, 'nextSeal'>> {
    const through = seals.at(-1)?.throughEntry ?? 0;
    const told = seals.reduce((sum, { lines }) => sum + lines, 0);
    // One more than there should be, so that one that was put in is seen.
    const lines = await linesBetween(tx, first.throughEntry, through, told + 1);
    let [last, right, at] = [first, 0, 0];
    for (const seal of seals) {
      const from = at;
      while ((lines[at]?.entry ?? Number.POSITIVE_INFINITY) <= seal.throughEntry) at += 1;
      if (!isWhole(last, seal, lines.slice(from, at)))
        return { seals: right, lines: from, last, brokenSeal: seal.seal };
      [last, right] = [seal, right + 1];
    }
    return { seals: right, lines: at, last, brokenSeal: undefined };
  }
}
