import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock } from '@regulars/service';
import { Temporal } from 'temporal-polyfill';
import { DataSource, type EntityManager } from 'typeorm';
import { v4 as uuidv4 } from 'uuid';
import { RegistrationService } from '../members/registration.service.js';
import { VaultService } from '../privacy/vault.service.js';
import { type Encoding, EncodingCount } from './encoding.js';
import { csvRows, ndjsonRows, textOf, UnreadableFile } from './file.js';
import {
  addExternalIds,
  addRejections,
  advance,
  endImport,
  type ImportRow,
  knownExternalIds,
  noteEncoding,
  partOf,
  takeImport,
} from './imports.store.js';
import { type Candidate, type FileRow, type Rejection, rowReader } from './row.js';

const rowsAtOnce = 500;
const leaseMs = 30_000;

/** Another process reads the import now. */
class Taken extends Error {}

/** Reads files with members, some hundred rows in each transaction (requirement M1). */
@Injectable()
export class ReadingService {
  private readonly log = new Logger(ReadingService.name);
  private isStopping = false;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(RegistrationService) private readonly registrations: RegistrationService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Lets go after the rows that are being registered. */
  stop(): void {
    this.isStopping = true;
  }

  /** Reads one import that waits, from the line on which it was left. @returns how many were read */
  async readOne(): Promise<number> {
    const token = uuidv4();
    const found = await takeImport(this.dataSource.manager, token, this.clock.now(), this.lease());
    if (!found) return 0;
    try {
      await this.readRows(found, token);
    } catch (error) {
      if (!(error instanceof Taken)) throw error;
    }
    return 1;
  }

  private async readRows(found: ImportRow, token: string): Promise<void> {
    const encoding = (found.encoding || (await this.findEncoding(found))) as Encoding;
    const texts = textOf(this.partsOf(found.importId), encoding);
    const rows = found.format === 'csv' ? csvRows(texts) : ndjsonRows(texts);
    let some: FileRow[] = [];
    let reason = '';
    try {
      for await (const row of rows) {
        if (row.line <= found.line) continue;
        some.push(row);
        if (some.length < rowsAtOnce) continue;
        await this.take(found, token, some);
        some = [];
        if (this.isStopping) return;
      }
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
      reason = error.reason;
    }
    if (some.length > 0) await this.take(found, token, some);
    await this.end(found, token, reason);
  }

  /** Registers some rows and notes how far it is, in one transaction: a row counts once whatever dies. */
  private async take(found: ImportRow, token: string, rows: readonly FileRow[]): Promise<void> {
    const { importId, terms } = found;
    const now = this.clock.now();
    const moment = { now, today: Temporal.Instant.from(now.toISOString()).toZonedDateTimeISO('UTC').toPlainDate() };
    const told = rows.map(rowReader(terms, moment));
    const faulty = told.flatMap((each) => ('draft' in each ? [] : each));
    const candidates = told.flatMap((each) => ('draft' in each ? [each] : []));
    await this.dataSource.transaction(async (tx) => {
      const { fresh, repeated } = await this.fresh(tx, terms.source, candidates);
      const drafts = fresh.map(({ draft }) => draft);
      const outcomes = terms.dryRun
        ? await this.registrations.tryMany(tx, drafts)
        : await this.registrations.addMany(tx, { at: now, by: found.begunBy, from: 'import' }, drafts);
      const refused = outcomes.flatMap((outcome, at): Rejection[] => refusalOf(outcome, fresh[at]?.line ?? 0));
      const members = outcomes.flatMap((outcome, at) =>
        outcome.outcome === 'registered' ? [{ memberId: outcome.memberId, index: (fresh[at] as Indexed).index }] : [],
      );
      if (!terms.dryRun && members.length > 0) await addExternalIds(tx, members);
      const rejections = [...faulty, ...refused].sort((one, other) => one.line - other.line);
      if (rejections.length > 0) await addRejections(tx, importId, rejections);
      const progress = {
        rows: rows.length,
        registered: members.length,
        repeated,
        rejected: rows.length - members.length - repeated,
        line: rows.at(-1)?.line ?? 0,
      };
      if (!(await advance(tx, importId, token, progress, this.lease()))) throw new Taken();
    });
    if (!terms.dryRun) this.registrations.wake();
  }

  /** Those whose external id is not known yet, each once. */
  private async fresh(tx: EntityManager, source: string, candidates: readonly Candidate[]) {
    const indexed = candidates.map((candidate): Indexed => {
      return { ...candidate, index: this.vault.fingerprint({ source, externalId: candidate.externalId }) };
    });
    const known = await knownExternalIds(
      tx,
      indexed.map(({ index }) => index),
    );
    const fresh = indexed.filter(({ index }) => {
      const isNew = !known.has(index.toString('hex'));
      known.add(index.toString('hex'));
      return isNew;
    });
    return { fresh, repeated: candidates.length - fresh.length };
  }

  private async end({ importId }: ImportRow, token: string, reason: string): Promise<void> {
    const now = this.clock.now();
    await this.dataSource.transaction((tx) => endImport(tx, importId, token, reason, now));
    this.log.log({ importId, reason }, 'an import was read');
  }

  private async findEncoding({ importId }: ImportRow): Promise<Encoding> {
    const count = new EncodingCount();
    for await (const part of this.partsOf(importId)) count.add(part);
    const encoding = count.end();
    await noteEncoding(this.dataSource.manager, importId, encoding);
    return encoding;
  }

  /** One part after the other, so that memory does not grow with the file. */
  private async *partsOf(importId: string): AsyncGenerator<Buffer> {
    for (let part = 0; ; part += 1) {
      const sealed = await partOf(this.dataSource.manager, importId, part);
      if (!sealed) return;
      yield this.vault.openPart(importId, part, sealed);
    }
  }

  private lease(): Date {
    return new Date(this.clock.now().getTime() + leaseMs);
  }
}

type Indexed = Candidate & { readonly index: Buffer };

function refusalOf(outcome: Awaited<ReturnType<RegistrationService['addMany']>>[number], line: number): Rejection[] {
  if (outcome.outcome === 'registered') return [];
  const pointer = outcome.reason === 'EMAIL_TAKEN' ? '/email' : '/mobile';
  return [{ line, pointer, reason: outcome.reason, message: 'another member has it' }];
}
