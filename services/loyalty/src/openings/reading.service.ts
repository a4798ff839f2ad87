import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock, fingerprintOf } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v4 as uuidv4 } from 'uuid';
import { BookService } from '../book/book.service.js';
import { MemberMoved } from '../points/held-ledgers.service.js';
import { type Booking, OpeningBooking } from './booking.service.js';
import * as rowStore from './brought.store.js';
import { type Line, linesOf, UnreadableFile } from './file.js';
import { ImportedMembers } from './imported.client.js';
import type { OpeningRow, Sum } from './opening.js';
import * as store from './openings.store.js';
import { type Ground, pointsOf, type ReadRow, type Rejection, readRow } from './row.js';

const ROWS_AT_ONCE = 200;
const LEASE_MS = 30_000;
/** Who is not known yet is looked for again after this. */
const WAIT_MS = 30_000;

/** Another process has the opening now. */
class Taken extends Error {}

type Told = ReadRow & { readonly external: string; readonly content: Buffer };

/**
 * Reads files with what members bring along, and books it, some rows in each transaction with how far it is: a row counts
 * once whatever dies, and whatever is sent again (requirement L16).
 */
@Injectable()
export class OpeningReading {
  private readonly log = new Logger(OpeningReading.name);
  private isStopping = false;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly books: BookService,
    private readonly booking: OpeningBooking,
    private readonly imported: ImportedMembers,
  ) {}

  /** Lets go after the rows that are being booked. */
  stop(): void {
    this.isStopping = true;
  }

  /** Does a little of what is to be done about openings; answers how much. */
  async workDue(): Promise<number> {
    const read = await this.readOne();
    const waited = await this.bookWaiting();
    const undone = await this.undoSome();
    return read + waited + undone + (await this.sumOne());
  }

  /** Reads one opening that waits, from the line on which it was left. */
  async readOne(): Promise<number> {
    const token = uuidv4();
    const found = await store.leaseOpening(this.dataSource.manager, token, this.clock.now(), this.lease());
    if (!found) return 0;
    try {
      await this.readRows(found, token);
    } catch (error) {
      if (!(error instanceof Taken)) throw error;
    }
    return 1;
  }

  private async readRows(found: OpeningRow, token: string): Promise<void> {
    let some: Line[] = [];
    let reason = '';
    try {
      for await (const line of linesOf(this.partsOf(found.openingId))) {
        if (line.line <= found.line) continue;
        some.push(line);
        if (some.length < ROWS_AT_ONCE) continue;
        await this.take(found, token, some);
        some = [];
        if (this.isStopping) {
          await store.releaseOpening(this.dataSource.manager, found.openingId, token);
          return;
        }
      }
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
      reason = error.reason;
    }
    if (some.length > 0) await this.take(found, token, some);
    const now = this.clock.now();
    await this.dataSource.transaction((tx) => store.endReading(tx, found.openingId, token, reason, now));
    this.log.log({ openingId: found.openingId, reason }, 'an opening was read');
  }

  /** Books some rows and notes how far it is, in one transaction. */
  private async take(opening: OpeningRow, token: string, lines: readonly Line[]): Promise<void> {
    const ground = await this.groundOf(opening);
    const read = lines.map(({ line, text }) => readRow(line, text, ground));
    const faulty = read.flatMap((each) => ('told' in each ? [] : [each]));
    const rows = read.flatMap((each) => ('told' in each ? [hashed(each, opening)] : []));
    await this.booking.under(async () => {
      const known = await this.find(opening, rows);
      const taking = { opening, token, rows, faulty, known, ground, lines };
      return { heirs: heirsOf(known.values()), work: (tx) => this.write(tx, taking) };
    });
  }

  private async write(tx: EntityManager, taking: Taking): Promise<void> {
    const { opening, token, rows, faulty, known, ground, lines } = taking;
    const contents = await rowStore.knownRows(
      tx,
      opening,
      rows.map(({ external }) => external),
    );
    const fresh: Told[] = [];
    const repeated: Told[] = [];
    const refused: Rejection[] = [];
    let refusedPoints = 0;
    const refuse = ({ line, brought }: Told, pointer: string, reason: string, message: string) => {
      refused.push({ line, pointer, reason, message });
      refusedPoints += pointsOf(brought);
    };
    for (const row of rows) {
      const content = contents.get(row.external);
      if (content === row.content.toString('hex')) repeated.push(row);
      else if (content) refuse(row, '/externalId', 'EXTERNAL_ID_TAKEN', 'other things were brought in under it');
      else if (known.get(row.external)?.isGone) refuse(row, '', 'MEMBER_GONE', 'the member was erased');
      else {
        contents.set(row.external, row.content.toString('hex'));
        fresh.push(row);
      }
    }
    const state = opening.isDryRun ? 'tried' : 'waiting';
    const dueAt = new Date(this.clock.now().getTime() + WAIT_MS);
    if ((await rowStore.addRows(tx, opening, fresh, state, dueAt)) < fresh.length) {
      throw new MemberMoved('another opening took an external id meanwhile');
    }
    const bookable = fresh.flatMap((row): Booking[] => {
      const memberId = known.get(row.external)?.heirId;
      return memberId ? [{ ...row, memberId }] : [];
    });
    const waiting = fresh.filter(({ external }) => !known.has(external));
    if (!opening.isDryRun) await this.booking.book(tx, opening, bookable, ground);
    await addSorted(tx, opening, [...faulty.flat(), ...refused]);
    const rejected = { rows: faulty.length + countOf(refused), points: refusedPoints };
    const sums = {
      file: { rows: lines.length, points: sumOf(rows).points },
      booked: sumOf(bookable),
      waiting: sumOf(waiting),
      repeated: sumOf(repeated),
      rejected,
    };
    const stretch = { first: lines[0]?.line ?? 0, last: lines.at(-1)?.line ?? 0 };
    if (!(await store.advance(tx, opening.openingId, token, sums, stretch, this.lease()))) throw new Taken();
  }

  /** Books what waited for members who are known by now; answers how many rows were looked at. */
  async bookWaiting(): Promise<number> {
    const now = this.clock.now();
    const rows = await rowStore.waitingRows(this.dataSource.manager, now, ROWS_AT_ONCE);
    const [first] = rows;
    const opening = first && (await store.findOpening(this.dataSource.manager, first.openingId));
    if (!opening) return 0;
    const ground = await this.groundOf(opening);
    await this.booking.under(async () => {
      const known = await this.find(opening, rows);
      return {
        heirs: heirsOf(known.values()),
        work: async (tx) => {
          const still = await rowStore.lockWaiting(
            tx,
            opening.openingId,
            rows.map(({ external }) => external),
          );
          const mine = rows.filter(({ external }) => still.has(external));
          const gone = mine.filter(({ external }) => known.get(external)?.isGone);
          const bookable = mine.flatMap((row): Booking[] => {
            const found = known.get(row.external);
            return found && !found.isGone ? [{ ...row, memberId: found.heirId }] : [];
          });
          const later = mine.filter(({ external }) => !known.has(external)).map(({ external }) => external);
          await this.booking.book(tx, opening, bookable, ground);
          await addSorted(
            tx,
            opening,
            gone.map(({ line }) => ({ line, pointer: '', reason: 'MEMBER_GONE', message: 'the member was erased' })),
          );
          await rowStore.dropRows(
            tx,
            opening.openingId,
            gone.map(({ external }) => external),
          );
          await rowStore.putOff(tx, opening.openingId, later, new Date(now.getTime() + WAIT_MS));
          if (bookable.length + gone.length > 0) {
            await store.moveSums(tx, opening.openingId, sumOf(bookable), sumOf(gone));
          }
        },
      };
    });
    return rows.length;
  }

  /** Takes some rows back of an opening that is to be undone; answers how many. */
  async undoSome(): Promise<number> {
    const opening = await store.toUndo(this.dataSource.manager);
    if (!opening) return 0;
    const { openingId } = opening;
    const ground = await this.groundOf(opening);
    const rows = await rowStore.bookedRows(this.dataSource.manager, openingId, undefined, ROWS_AT_ONCE);
    if (rows.length === 0) {
      const now = this.clock.now();
      await this.dataSource.transaction((tx) => store.endUndo(tx, openingId, now));
      return 1;
    }
    const externals = rows.map(({ external }) => external);
    await this.booking.under(async () => {
      const now = await rowStore.bookedRows(this.dataSource.manager, openingId, externals, ROWS_AT_ONCE);
      return {
        heirs: heirsOf(now),
        work: async (tx) => {
          const mine = await rowStore.bookedRows(tx, openingId, externals, ROWS_AT_ONCE);
          if (mine.length > 0) await this.booking.takeBack(tx, opening, mine, ground);
        },
      };
    });
    return rows.length;
  }

  /** Sums the entries of one opening that changed since; answers whether there was one. */
  async sumOne(): Promise<number> {
    const opening = await store.toSum(this.dataSource.manager);
    if (!opening) return 0;
    const points = await store.ledgerSum(this.dataSource.manager, opening.openingId);
    await store.keepSum(this.dataSource.manager, opening, points);
    return 1;
  }

  /** Who is behind rows, as far as it is known here; asked by number here and by external id at members. */
  private async find(opening: OpeningRow, rows: readonly Sought[]): Promise<ReadonlyMap<string, rowStore.Known>> {
    const numbers = rows.flatMap(({ memberNumber }) => memberNumber ?? []);
    const externalIds = rows.flatMap(({ memberNumber, externalId }) => (memberNumber ? [] : (externalId ?? [])));
    const byNumber = await rowStore.membersByNumber(this.dataSource.manager, numbers);
    const byExternal = await this.imported.find(opening.source, externalIds);
    const named = rows.flatMap(({ external, memberNumber, externalId }) => {
      const memberId = memberNumber ? byNumber.get(memberNumber) : byExternal.get(externalId ?? '');
      return memberId ? [{ external, memberId }] : [];
    });
    const known = await rowStore.knownMembers(
      this.dataSource.manager,
      named.map(({ memberId }) => memberId),
    );
    return new Map(
      named.flatMap(({ external, memberId }) => {
        const found = known.get(memberId);
        return found ? [[external, found] as const] : [];
      }),
    );
  }

  private async groundOf({ programmeId }: OpeningRow): Promise<Ground> {
    const nowMs = this.clock.now().getTime();
    const ground = await this.books.policyToday(programmeId);
    if (!ground) throw new Error('an opening of a programme that is not published');
    return { ...ground, nowMs };
  }

  /** One part after the other, so that memory does not grow with the file. */
  private async *partsOf(openingId: string): AsyncGenerator<Buffer> {
    for (let part = 0; ; part += 1) {
      const content = await store.partOf(this.dataSource.manager, openingId, part);
      if (!content) return;
      yield content;
    }
  }

  private lease(): Date {
    return new Date(this.clock.now().getTime() + LEASE_MS);
  }
}

/** What is needed to find somebody. */
type Sought = Pick<rowStore.KeptRow, 'external' | 'externalId' | 'memberNumber'>;

/** Some lines of a file, as far as they could be read, with who is behind them. */
interface Taking {
  readonly opening: OpeningRow;
  readonly token: string;
  readonly lines: readonly Line[];
  readonly rows: readonly Told[];
  /** For each line that could not be read, its faults. */
  readonly faulty: readonly (readonly Rejection[])[];
  readonly known: ReadonlyMap<string, rowStore.Known>;
  readonly ground: Ground;
}

function hashed(row: ReadRow, { programmeId, source }: OpeningRow): Told {
  const external = createHash('sha256').update(`${programmeId} ${source} ${row.externalId}`).digest('hex');
  return { ...row, external, content: fingerprintOf(row.told) };
}

function heirsOf(known: Iterable<Pick<rowStore.Known, 'memberId' | 'heirId'>>): Map<string, string> {
  return new Map([...known].map(({ memberId, heirId }) => [memberId, heirId]));
}

function sumOf(rows: readonly Pick<ReadRow, 'brought'>[]): Sum {
  return { rows: rows.length, points: rows.reduce((sum, { brought }) => sum + pointsOf(brought), 0) };
}

function countOf(rejections: readonly Rejection[]): number {
  return new Set(rejections.map(({ line }) => line)).size;
}

function addSorted(tx: EntityManager, { openingId }: OpeningRow, rejections: readonly Rejection[]) {
  return store.addRejections(
    tx,
    openingId,
    [...rejections].sort((one, other) => one.line - other.line),
  );
}
