import { Inject, Injectable } from '@nestjs/common';
import type { CreateProgrammeRequest, ProgrammeTerms } from '@regulars/contracts/loyalty/v1/programmes';
import { CLOCK, type Clock, inTransaction, logConfiguration, once } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { isDate, todayAt } from './calendar.js';
import type { Fault } from './checks.js';
import { contradictionsIn } from './contradictions.js';
import { begins, type Policy, type Programme, policyOf } from './policy.js';
import type { ProgrammeRow, VersionRow } from './programme.js';
import * as store from './programmes.store.js';
import { faultsOfProgramme, faultsOfTerms } from './terms.js';

/** A programme with all its versions. */
export interface StoredProgramme {
  readonly programme: ProgrammeRow;
  readonly versions: readonly VersionRow[];
}

type Malformed = { readonly outcome: 'malformed'; readonly faults: readonly Fault[] };
type NotFound = { readonly outcome: 'not-found' };

type Reused = { readonly outcome: 'refused'; readonly reason: 'IDEMPOTENCY_KEY_REUSED' };

class Taken extends Error {}

/**
 * Programmes as versioned policy: drafted, published, superseded (requirement L3). `by` is the subject of the principal
 * that changes something, `key` the one under which it may be sent again.
 */
@Injectable()
export class ProgrammesService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async create(
    by: string,
    request: CreateProgrammeRequest,
    key?: string,
    isDryRun = false,
  ): Promise<
    { outcome: 'created'; programme: ProgrammeRow; replayed: boolean } | { outcome: 'taken' } | Malformed | Reused
  > {
    const faults = faultsOfProgramme(request);
    if (faults.length > 0) return { outcome: 'malformed', faults };
    try {
      return await inTransaction(this.dataSource, isDryRun, async (tx) => {
        const done = await once(tx, { caller: by, key, route: 'create-programme', body: request }, async () => {
          const programme = { programmeId: uuidv7(), ...request };
          if (!(await store.insertProgramme(tx, programme, this.clock.now()))) throw new Taken();
          await this.note(tx, by, 'programme-created', programme.programmeId, programme);
          return programme;
        });
        if (done.outcome === 'refused') return done;
        return { outcome: 'created', programme: done.result, replayed: done.replayed };
      });
    } catch (error) {
      // Thrown only to roll back a programme of which one brand was taken.
      if (error instanceof Taken) return { outcome: 'taken' };
      throw error;
    }
  }

  async get(programmeId: string): Promise<StoredProgramme | undefined> {
    const tx = this.dataSource.manager;
    const programme = await store.findProgramme(tx, programmeId);
    return programme && { programme, versions: await store.versionsOf(tx, programmeId) };
  }

  async draft(
    by: string,
    programmeId: string,
    terms: ProgrammeTerms | undefined,
    key?: string,
    isDryRun = false,
  ): Promise<{ outcome: 'drafted'; version: VersionRow; replayed: boolean } | Malformed | NotFound | Reused> {
    const faults = faultsOfTerms(terms);
    if (faults.length > 0 || !terms) return { outcome: 'malformed', faults };
    return inTransaction(this.dataSource, isDryRun, async (tx) => {
      if (!(await store.findProgramme(tx, programmeId, true))) return { outcome: 'not-found' };
      const done = await once(
        tx,
        { caller: by, key, route: 'draft-version', body: { programmeId, terms } },
        async () => {
          const version = ((await store.versionsOf(tx, programmeId)).at(-1)?.version ?? 0) + 1;
          await store.insertDraft(tx, programmeId, version, terms);
          await this.note(tx, by, 'version-drafted', programmeId, { version, terms });
          return { version };
        },
      );
      if (done.outcome === 'refused') return done;
      const draft = { programmeId, version: done.result.version, terms, effectiveFrom: null, publishedAt: null };
      return { outcome: 'drafted', version: draft, replayed: done.replayed };
    });
  }

  /**
   * The first version of a programme may begin in the past, later ones today or later in the programme's zone. Refused
   * with every fault at once, also those that only show between the parts of the terms and with its date.
   */
  async publish(
    by: string,
    programmeId: string,
    version: number,
    effectiveFrom: string,
    isDryRun = false,
  ): Promise<
    | { outcome: 'published'; version: VersionRow }
    | { outcome: 'refused'; reason: 'NOT_A_DRAFT' | 'EFFECTIVE_IN_PAST' }
    | Malformed
    | NotFound
  > {
    if (!isDate(effectiveFrom)) {
      return { outcome: 'malformed', faults: [{ pointer: '/effectiveFrom', message: 'is no date, YYYY-MM-DD' }] };
    }
    const now = this.clock.now();
    return inTransaction(this.dataSource, isDryRun, async (tx) => {
      if (!(await store.findProgramme(tx, programmeId, true))) return { outcome: 'not-found' };
      const versions = await store.versionsOf(tx, programmeId);
      const draft = versions.find((each) => each.version === version);
      if (!draft) return { outcome: 'not-found' };
      if (draft.publishedAt) return { outcome: 'refused', reason: 'NOT_A_DRAFT' };
      const faults = [...faultsOfTerms(draft.terms), ...contradictionsIn(draft.terms, effectiveFrom)];
      if (faults.length > 0) return { outcome: 'malformed', faults };
      const isFirst = versions.every((each) => !each.publishedAt);
      const today = todayAt(now.getTime(), draft.terms.timeZone, 0).calendarDate;
      if (!isFirst && effectiveFrom < today) return { outcome: 'refused', reason: 'EFFECTIVE_IN_PAST' };
      await store.publishDraft(tx, programmeId, version, effectiveFrom, now);
      await this.note(tx, by, 'version-published', programmeId, { version, effectiveFrom });
      return { outcome: 'published', version: { ...draft, effectiveFrom, publishedAt: now } };
    });
  }

  /** A version, draft or published. */
  async version(programmeId: string, version: number): Promise<VersionRow | undefined> {
    return (await store.versionsOf(this.dataSource.manager, programmeId)).find((each) => each.version === version);
  }

  /** Notes who changed a programme, in the same transaction. */
  private async note(tx: EntityManager, by: string, change: string, recordId: string, after: object): Promise<void> {
    await logConfiguration(tx, { at: this.clock.now(), principal: by, change, recordId, after });
  }

  /** Every programme with what is published, by brand: what the purchase path keeps in memory. */
  async inForce(tx: EntityManager): Promise<ReadonlyMap<string, Programme>> {
    const [programmes, versions] = [await store.allProgrammes(tx), await store.versionsOf(tx, undefined)];
    const byBrand = new Map<string, Programme>();
    for (const { programmeId, currency, brandIds } of programmes) {
      const policies = policiesOf(versions.filter((version) => version.programmeId === programmeId));
      for (const brandId of brandIds) byBrand.set(brandId, { programmeId, currency, policies });
    }
    return byBrand;
  }
}

function policiesOf(published: readonly VersionRow[]): Policy[] {
  return [...published]
    .sort(begins)
    .map(({ version, effectiveFrom, terms }) => policyOf(version, effectiveFrom ?? '', terms));
}
