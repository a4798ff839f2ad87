import { Inject, Injectable } from '@nestjs/common';
import { appendToOutbox, Outbox } from '@regulars/messaging';
import {
  CLOCK,
  type Clock,
  cutPage,
  membersBehind,
  type Page,
  type Principal,
  restrictedAmong,
  survivorsOf,
} from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { ComplaintsService } from '../complaints/complaints.service.js';
import { StoresService } from '../stores/stores.service.js';
import { followUpDue, followUpPlanned } from './announced.js';
import {
  FollowUpsStore,
  type ListedFollowUp,
  type NewFollowUp,
  type SettledFollowUp,
  type WaitingFollowUp,
} from './followups.store.js';
import { People } from './people.js';
import { plan, type Turn, turn } from './planning.js';

export type { ListedFollowUp };

/** A purchase that a member made, as an event told it. */
export interface HeardPurchase {
  readonly eventId: string;
  readonly memberId: string;
  readonly storeId: string;
  readonly purchaseId: string;
  readonly rungAt: Date;
  readonly traceparent?: string | undefined;
}

/** Most follow-ups that one call of `announceDue` looks at. */
export const announcedAtOnce = 200;

@Injectable()
export class FollowUpsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly store: FollowUpsStore,
    private readonly stores: StoresService,
    private readonly complaints: ComplaintsService,
    private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Plans follow-ups for purchases in the caller's transaction and announces them (requirement S4). Safe to repeat: one
   * per event at most, and none for whose data is restricted. Members who are one person are asked as one (requirement
   * M5). Purchases of a member come in order, one batch at a time, because the topic is keyed by member.
   */
  async hear(tx: EntityManager, purchases: readonly HeardPurchase[]): Promise<void> {
    const people = await peopleOf(tx, purchases);
    const restricted = people.among(await restrictedAmong(tx, people.memberIds));
    const asking = purchases.filter(({ memberId }) => !restricted.has(people.of(memberId)));
    if (asking.length === 0) return;
    const planned = await this.#plan(tx, asking, people);
    if (planned.length === 0) return;
    const written = await this.store.insert(tx, planned);
    const news = planned.filter(({ followUpId }) => written.has(followUpId));
    await appendToOutbox(
      tx,
      news.map((followUp) => followUpPlanned(uuidv7(), followUp, followUp.traceparent)),
    );
  }

  /**
   * Announces follow-ups whose time has come, lets others wait or lapse, and answers how many it looked at. The rows are
   * held for the length of one short transaction without any I/O outside the database, so they need no lease beyond it.
   */
  async announceDue(): Promise<number> {
    const now = this.clock.now();
    const looked = await this.dataSource.transaction(async (tx) => {
      const due = await this.store.holdDue(tx, now, announcedAtOnce);
      if (due.length === 0) return 0;
      const people = await peopleOf(tx, due);
      await this.store.lock(tx, people.merged);
      const { zones, complaining } = await this.#around(tx, due, people);
      const lastAskedAt = people.latest(await this.store.lastAskedAt(tx, people.memberIds));
      const settled = due.map((followUp) => {
        const { askUntil, storeId, memberId, dueAt } = followUp;
        const person = people.of(memberId);
        const asked = { lastDueAt: lastAskedAt.get(person), hasOpenComplaint: complaining.has(person) };
        const next = turn({ askUntil, timeZone: zones.get(storeId) }, asked, now);
        if (next.outcome === 'ask') lastAskedAt.set(person, dueAt);
        return { followUp, ...settledBy(next, followUp) };
      });
      await this.store.settle(tx, settled);
      const asked = settled.filter(({ state }) => state === 'DUE');
      await appendToOutbox(
        tx,
        asked.map(({ followUp }) => followUpDue(uuidv7(), followUp)),
      );
      return due.length;
    });
    if (looked > 0) this.outbox.wake();
    return looked;
  }

  /** Follow-ups of a member and of whom was merged into her in stores that the principal may see, newest first. */
  async list(
    memberId: string,
    principal: Principal,
    page: Page,
  ): Promise<{ followUps: readonly ListedFollowUp[]; nextCursor: string }> {
    const tx = this.dataSource.manager;
    const rows = await this.store.list(tx, await membersBehind(tx, memberId), principal.stores, page);
    const cut = cutPage(rows, page.limit, ({ followUpId }) => [followUpId]);
    return { followUps: cut.page, nextCursor: cut.nextCursor };
  }

  async #plan(
    tx: EntityManager,
    purchases: readonly HeardPurchase[],
    people: People,
  ): Promise<(NewFollowUp & HeardPurchase)[]> {
    const now = this.clock.now();
    const { zones, complaining } = await this.#around(tx, purchases, people);
    const lastDueAt = people.latest(await this.store.lastDueAt(tx, people.memberIds));
    return purchases.flatMap((purchase) => {
      const { memberId, rungAt, storeId } = purchase;
      const person = people.of(memberId);
      const member = { lastDueAt: lastDueAt.get(person), hasOpenComplaint: complaining.has(person) };
      const planned = plan({ rungAt, timeZone: zones.get(storeId) }, member, now);
      if (planned.outcome === 'skipped') return [];
      lastDueAt.set(person, planned.dueAt);
      const { dueAt, askUntil } = planned;
      return [{ ...purchase, followUpId: uuidv7({ msecs: now.getTime() }), dueAt, askUntil }];
    });
  }

  /** Zones of the stores, and which of the people have an open complaint. */
  async #around(tx: EntityManager, about: readonly { storeId: string }[], people: People) {
    const zones = await this.stores.zonesOf(tx, [...new Set(about.map(({ storeId }) => storeId))]);
    const complaining = people.among(await this.complaints.complaining(tx, people.memberIds));
    return { zones, complaining };
  }
}

async function peopleOf(tx: EntityManager, about: readonly { memberId: string }[]): Promise<People> {
  const memberIds = about.map(({ memberId }) => memberId);
  return new People(await survivorsOf(tx, memberIds));
}

function settledBy(next: Turn, { followUpId, dueAt }: WaitingFollowUp): SettledFollowUp {
  switch (next.outcome) {
    case 'ask':
      return { followUpId, dueAt, state: 'DUE' };
    case 'postponed':
      return { followUpId, dueAt: next.dueAt, state: 'PLANNED' };
    case 'lapsed':
      return { followUpId, dueAt, state: 'LAPSED' };
  }
}
