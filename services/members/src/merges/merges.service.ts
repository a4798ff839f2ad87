import { Inject, Injectable } from '@nestjs/common';
import { MembersMerged, MembersUnmerged } from '@regulars/contracts/members/v1/members_events';
import { appendToOutbox, Outbox, type OutboxEvent } from '@regulars/messaging';
import { CLOCK, type Clock, cutPage, mayActFor, once, type Page, type Principal } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { memberTopic } from '../members/members.js';
import {
  type Mergeable,
  type MergeRefusal,
  type MergeRow,
  type UndoRefusal,
  whyNotMerge,
  whyNotUndo,
} from './merge.js';
import * as store from './merges.store.js';

/** Who is to be merged. */
export interface Merging {
  readonly idempotencyKey: string;
  readonly survivorId: string;
  readonly mergedId: string;
  readonly mobilesMayDiffer: boolean;
}

type Written<Reason> =
  | { readonly outcome: 'ordered'; readonly mergeId: string }
  | { readonly outcome: 'refused'; readonly reason: Reason };
export type Merged<Reason> =
  | { readonly outcome: 'ordered'; readonly merge: MergeRow; readonly replayed: boolean }
  | { readonly outcome: 'refused'; readonly reason: Reason | 'IDEMPOTENCY_KEY_REUSED' };

export type Booked = store.Booked;

/** Members who are one person (requirement M5): ordered here, followed by everybody else through the event. */
@Injectable()
export class MergesService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Outbox) private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Orders a merge. Safe to repeat under its key. */
  merge(principal: Principal, { idempotencyKey: key, ...merging }: Merging): Promise<Merged<MergeRefusal>> {
    const write = { caller: principal.sub, route: 'MergeMembers', key, body: merging };
    return this.order(write, (tx) => this.writeMerge(tx, principal, merging));
  }

  /** Orders that a merge is undone. Safe to repeat under its key. */
  undo(principal: Principal, mergeId: string, key: string): Promise<Merged<UndoRefusal>> {
    const write = { caller: principal.sub, route: 'UndoMerge', key, body: { mergeId } };
    return this.order(write, (tx) => this.writeUndo(tx, principal, mergeId));
  }

  find(mergeId: string): Promise<MergeRow | undefined> {
    return store.findMerge(this.dataSource.manager, mergeId);
  }

  async list(memberId: string, page: Page) {
    const rows = await store.mergesOf(this.dataSource.manager, memberId, page);
    return cutPage(rows, page.limit, ({ mergeId }) => [mergeId]);
  }

  /** Writes down what loyalty booked. Safe to repeat. */
  async booked(tx: EntityManager, all: readonly Booked[]): Promise<void> {
    for (const each of all) await store.markBooked(tx, each);
  }

  /** Whether a member is just being merged, or the merge undone. */
  isUnderWay(tx: EntityManager, memberId: string): Promise<boolean> {
    return store.isUnderWay(tx, memberId);
  }

  private async order<Reason>(
    write: { caller: string; route: string; key: string; body: object },
    work: (tx: EntityManager) => Promise<Written<Reason>>,
  ): Promise<Merged<Reason>> {
    const done = await this.dataSource.transaction((tx) => once(tx, write, () => work(tx)));
    this.outbox.wake();
    if (done.outcome === 'refused') return done;
    if (done.result.outcome === 'refused') return done.result;
    const merge = await this.find(done.result.mergeId);
    if (!merge) throw new Error('a merge that was ordered is not there');
    return { outcome: 'ordered', merge, replayed: done.replayed };
  }

  private async writeMerge(
    tx: EntityManager,
    principal: Principal,
    { survivorId, mergedId, mobilesMayDiffer }: Omit<Merging, 'idempotencyKey'>,
  ): Promise<Written<MergeRefusal>> {
    const { survivor, merged } = await this.lock(tx, survivorId, mergedId);
    const reason = whyNotMerge(survivor, merged, mobilesMayDiffer);
    if (reason) return { outcome: 'refused', reason };
    if (!mayMerge(principal, [survivor, merged])) return { outcome: 'refused', reason: 'STORE_NOT_ALLOWED' };
    const orderedAt = this.clock.now();
    const mergeId = uuidv7({ msecs: orderedAt.getTime() });
    await store.addMerge(tx, { mergeId, survivorId, mergedId, orderedAt, orderedBy: principal.sub });
    await store.standFor(tx, mergedId, survivorId);
    await store.forgetPair(tx, survivorId, mergedId);
    await appendToOutbox(tx, told('MembersMerged', { mergeId, survivorId, mergedId, orderedAt }));
    return { outcome: 'ordered', mergeId };
  }

  private async writeUndo(tx: EntityManager, principal: Principal, mergeId: string): Promise<Written<UndoRefusal>> {
    const known = await store.findMerge(tx, mergeId);
    if (!known) return { outcome: 'refused', reason: 'MERGE_UNKNOWN' };
    const { survivorId, mergedId } = known;
    const { survivor, merged } = await this.lock(tx, survivorId, mergedId);
    const merge = await store.findMerge(tx, mergeId);
    if (!survivor || !merged || !merge) throw new Error('a merge is there and its members are not');
    const reason = whyNotUndo(merge, survivor, merged);
    if (reason) return { outcome: 'refused', reason };
    if (!mayMerge(principal, [survivor, merged])) return { outcome: 'refused', reason: 'STORE_NOT_ALLOWED' };
    const orderedAt = this.clock.now();
    await store.orderUndo(tx, mergeId, principal.sub, orderedAt);
    await store.standAlone(tx, mergedId);
    await appendToOutbox(tx, told('MembersUnmerged', { mergeId, survivorId, mergedId, orderedAt }));
    return { outcome: 'ordered', mergeId };
  }

  /** Both locked, in an order that is the same for everyone. */
  private async lock(tx: EntityManager, survivorId: string, mergedId: string) {
    const locked = await store.lockMergeable(tx, [survivorId, mergedId]);
    const of = (memberId: string) => locked.find((member) => member.memberId === memberId);
    return { survivor: of(survivorId), merged: of(mergedId) };
  }
}

/** Whoever acts for some stores merges members who registered there, or in none. */
function mayMerge(principal: Principal, members: readonly (Mergeable | undefined)[]): boolean {
  return members.every((member) => !member?.homeStoreId || mayActFor(principal, member.homeStoreId));
}

/** One record under each of both keys, so that each comes after what happened to the member before. */
function told(name: 'MembersMerged' | 'MembersUnmerged', merge: MembersMerged): OutboxEvent[] {
  const message = name === 'MembersMerged' ? MembersMerged : MembersUnmerged;
  return [merge.survivorId, merge.mergedId].map((key) => ({
    id: uuidv7(),
    topic: memberTopic,
    key,
    type: `regulars.members.v1.${name}`,
    payload: message.toJSON(merge) as object,
  }));
}
