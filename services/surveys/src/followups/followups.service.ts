import { Inject, Injectable } from '@nestjs/common';
import { appendToOutbox, Outbox } from '@regulars/messaging';
import { CLOCK, type Clock, cutPage, type Page, type Principal, restrictedAmong } from '@regulars/service';
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
   * per event at most, and none for whose data is restricted. Purchases of a member come in order, one batch at a time, because the topic is keyed by member.
   */
  async hear(tx: EntityManager, purchases: readonly HeardPurchase[]): Promise<void> {
    const restricted = await restrictedAmong(tx, [...new Set(purchases.map(({ memberId }) => memberId))]);
    const asking = purchases.filter(({ memberId }) => !restricted.has(memberId));
    if (asking.length === 0) return;
    const planned = await this.#plan(tx, asking);
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
      const { zones, complaining } = await this.#around(tx, due);
      const settled = due.map((followUp) => {
        const { askUntil, storeId, memberId } = followUp;
        const next = turn({ askUntil, timeZone: zones.get(storeId) }, complaining.has(memberId), now);
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

  /** A member's follow-ups in stores that the principal may see, newest first. */
  async list(
    memberId: string,
    principal: Principal,
    page: Page,
  ): Promise<{ followUps: readonly ListedFollowUp[]; nextCursor: string }> {
    const rows = await this.store.list(this.dataSource.manager, memberId, principal.stores, page);
    const cut = cutPage(rows, page.limit, ({ followUpId }) => [followUpId]);
    return { followUps: cut.page, nextCursor: cut.nextCursor };
  }

  async #plan(tx: EntityManager, purchases: readonly HeardPurchase[]): Promise<(NewFollowUp & HeardPurchase)[]> {
    const now = this.clock.now();
    const { zones, complaining } = await this.#around(tx, purchases);
    const lastDueAt = await this.store.lastDueAt(tx, [...new Set(purchases.map(({ memberId }) => memberId))]);
    return purchases.flatMap((purchase) => {
      const { memberId, rungAt, storeId } = purchase;
      const member = { lastDueAt: lastDueAt.get(memberId), hasOpenComplaint: complaining.has(memberId) };
      const planned = plan({ rungAt, timeZone: zones.get(storeId) }, member, now);
      if (planned.outcome === 'skipped') return [];
      lastDueAt.set(memberId, planned.dueAt);
      const { dueAt, askUntil } = planned;
      return [{ ...purchase, followUpId: uuidv7({ msecs: now.getTime() }), dueAt, askUntil }];
    });
  }

  /** Zones of the stores, and which of the members have an open complaint. */
  async #around(tx: EntityManager, about: readonly { memberId: string; storeId: string }[]) {
    const zones = await this.stores.zonesOf(tx, [...new Set(about.map(({ storeId }) => storeId))]);
    const complaining = await this.complaints.complaining(tx, [...new Set(about.map(({ memberId }) => memberId))]);
    return { zones, complaining };
  }
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
