import { Inject, Injectable } from '@nestjs/common';
import { Case, CaseState } from '@regulars/contracts/complaints/v1/cases';
import { appendToOutbox, Outbox } from '@regulars/messaging';
import {
  CLOCK,
  type Clock,
  cutPage,
  mayActFor,
  membersBehind,
  once,
  type Page,
  type Principal,
} from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { StoresService } from '../stores/stores.service.js';
import { caseNumber, isCaseNumber } from './case-number.js';
import { CasesStore, type StoredCase } from './cases.store.js';
import type { Intake } from './intake.js';
import { caseOpened } from './opened.js';
import { respondBy } from './promise.js';
import { readsWords } from './words.js';

export type Opened =
  | { readonly outcome: 'opened'; readonly case: Case; readonly replayed: boolean }
  | { readonly outcome: 'refused'; readonly reason: 'STORE_NOT_ALLOWED' | 'STORE_UNKNOWN' | 'IDEMPOTENCY_KEY_REUSED' };

export type Listed =
  | { readonly outcome: 'listed'; readonly cases: Case[]; readonly nextCursor: string }
  | { readonly outcome: 'refused'; readonly reason: 'STORE_NOT_ALLOWED' };

@Injectable()
export class CasesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly store: CasesStore,
    private readonly stores: StoresService,
    private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Takes feedback in and announces it (requirements C1 to C5). Safe to repeat under the same key: the first answer is
   * stored without the guest's words, which a repeated request brings along itself.
   */
  async open(intake: Intake, principal: Principal, traceparent: string | undefined): Promise<Opened> {
    if (!mayActFor(principal, intake.storeId)) return { outcome: 'refused', reason: 'STORE_NOT_ALLOWED' };
    const { idempotencyKey: key, ...body } = intake;
    const done = await this.dataSource.transaction(async (tx) => {
      if (!(await this.stores.knows(tx, intake.storeId)))
        return { outcome: 'refused', reason: 'STORE_UNKNOWN' } as const;
      return once(tx, { caller: principal.sub, route: 'OpenCase', key, body }, () =>
        this.#write(tx, intake, traceparent),
      );
    });
    if (done.outcome === 'refused') return done;
    if (!done.replayed) this.outbox.wake();
    const text = readsWords(principal.roles) ? intake.text : '';
    return { outcome: 'opened', case: { ...Case.fromJSON(done.result), text }, replayed: done.replayed };
  }

  /** A case by id or number; undefined where there is none, or where the principal may not know of it. */
  async get(by: 'case_id' | 'number', value: string, principal: Principal): Promise<Case | undefined> {
    if (by === 'number' && !isCaseNumber(value)) return undefined;
    const stored = await this.store.find(this.dataSource.manager, by, value);
    if (!stored) return undefined;
    const own = await this.#ownIds(principal);
    const mayKnow = own ? own.includes(stored.told.memberId) : mayActFor(principal, stored.told.storeId);
    return mayKnow ? this.#forReader(stored, principal) : undefined;
  }

  /**
   * Cases of the stores that the principal may see, or of the member herself, newest first; empty filters ask for all.
   * Cases of whom was merged into a member are hers (requirement M5).
   */
  async list(wanted: { storeId: string; memberId: string }, principal: Principal, page: Page): Promise<Listed> {
    const { storeId, memberId } = wanted;
    if (storeId && !mayActFor(principal, storeId)) return { outcome: 'refused', reason: 'STORE_NOT_ALLOWED' };
    const tx = this.dataSource.manager;
    const memberIds = (await this.#ownIds(principal)) ?? (memberId ? await membersBehind(tx, memberId) : undefined);
    const rows = await this.store.list(tx, { storeId, memberIds, stores: principal.stores }, page);
    const cut = cutPage(rows, page.limit, ({ told }) => [told.caseId]);
    const cases = cut.page.map((stored) => this.#forReader(stored, principal));
    return { outcome: 'listed', cases, nextCursor: cut.nextCursor };
  }

  /** All cases of a member with her words, oldest first, for an export (requirement M6). */
  async recordsOf(tx: EntityManager, memberId: string): Promise<object[]> {
    const stored = await this.store.ofMembers(tx, await membersBehind(tx, memberId));
    return stored.map((one) => ({
      kind: 'case',
      ...(Case.toJSON({ ...one.told, text: this.store.wordsOf(one) }) as object),
    }));
  }

  /** Destroys the keys of a member's words. Safe to repeat. @returns of how many cases */
  forgetWords(tx: EntityManager, memberId: string): Promise<number> {
    return this.store.forgetWords(tx, memberId);
  }

  async #write(tx: EntityManager, intake: Intake, traceparent: string | undefined): Promise<unknown> {
    const receivedAt = this.clock.now();
    const { idempotencyKey: _key, ...feedback } = intake;
    const opened: Case = {
      ...feedback,
      caseId: uuidv7({ msecs: receivedAt.getTime() }),
      number: caseNumber(await this.store.nextCount(tx)),
      state: CaseState.RECEIVED,
      happenedAt: intake.happenedAt,
      receivedAt,
      respondBy: respondBy(receivedAt, intake),
    };
    await this.store.insert(tx, opened);
    await appendToOutbox(tx, [caseOpened(uuidv7({ msecs: receivedAt.getTime() }), opened, traceparent)]);
    return Case.toJSON({ ...opened, text: '' });
  }

  /** Members see their own cases, and to them others do not exist (requirement M12); undefined for everybody else. */
  async #ownIds({ kind, sub }: Principal): Promise<readonly string[] | undefined> {
    return kind === 'member' ? membersBehind(this.dataSource.manager, sub) : undefined;
  }

  /** A case that the principal may know of, with its words for those who may read them: members theirs. */
  #forReader(stored: StoredCase, { kind, roles }: Principal): Case {
    const mayRead = kind === 'member' || readsWords(roles);
    return mayRead ? { ...stored.told, text: this.store.wordsOf(stored) } : stored.told;
  }
}
