import { Inject, Injectable } from '@nestjs/common';
import { Case, CaseState } from '@regulars/contracts/complaints/v1/cases';
import { appendToOutbox, Outbox } from '@regulars/messaging';
import { CLOCK, type Clock, cutPage, mayActFor, once, type Page, type Principal } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { StoresService } from '../stores/stores.service.js';
import { caseNumber, isCaseNumber } from './case-number.js';
import { CasesStore, type StoredCase } from './cases.store.js';
import type { Intake } from './intake.js';
import { caseOpened } from './opened.js';
import { respondBy } from './promise.js';
import { isOwn, readsWords } from './words.js';

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
    if (!stored || !mayKnow(principal, stored)) return undefined;
    return this.#forReader(stored, principal);
  }

  /** Cases of the stores that the principal may see, or of the member herself, newest first; empty filters ask for all. */
  async list(wanted: { storeId: string; memberId: string }, principal: Principal, page: Page): Promise<Listed> {
    const filter = principal.kind === 'member' ? { ...wanted, memberId: principal.sub } : wanted;
    if (filter.storeId && !mayActFor(principal, filter.storeId)) {
      return { outcome: 'refused', reason: 'STORE_NOT_ALLOWED' };
    }
    const rows = await this.store.list(this.dataSource.manager, { ...filter, stores: principal.stores }, page);
    const cut = cutPage(rows, page.limit, ({ told }) => [told.caseId]);
    const cases = cut.page.map((stored) => this.#forReader(stored, principal));
    return { outcome: 'listed', cases, nextCursor: cut.nextCursor };
  }

  /** All cases of a member with her words, oldest first, for an export (requirement M6). */
  async recordsOf(tx: EntityManager, memberId: string): Promise<object[]> {
    const stored = await this.store.ofMember(tx, memberId);
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

  #forReader(stored: StoredCase, principal: Principal): Case {
    const mayRead = readsWords(principal.roles) || isOwn(principal, stored.told.memberId);
    return mayRead ? { ...stored.told, text: this.store.wordsOf(stored) } : stored.told;
  }
}

function mayKnow(principal: Principal, { told }: StoredCase): boolean {
  return principal.kind === 'member' ? isOwn(principal, told.memberId) : mayActFor(principal, told.storeId);
}
