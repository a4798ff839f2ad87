import { Inject, Injectable } from '@nestjs/common';
import {
  MemberErasureOrdered,
  MemberExportOrdered,
  MemberRestrictionOrdered,
} from '@regulars/contracts/members/v1/members_events';
import { appendToOutbox, Outbox, type OutboxEvent } from '@regulars/messaging';
import {
  CLOCK,
  type Clock,
  cutPage,
  erasureTopic,
  once,
  type Page,
  type Principal,
  restrictedAmong,
  restrictionTopic,
  SETTINGS,
} from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Caller } from '../caller.js';
import { memberTopic } from '../members/members.js';
import { MembersService } from '../members/members.service.js';
import type { MembersSettings } from '../members.config.js';
import { MergesService } from '../merges/merges.service.js';
import { VaultService } from '../privacy/vault.service.js';
import { answering, crossing, dueAt, type RequestKind } from './privacy-request.js';
import {
  addRequest,
  findRequest,
  isUnderWay,
  keepAnswers,
  listRequests,
  type RequestRow,
  type StoredRequest,
} from './privacy-requests.store.js';

type No<Reason> = { readonly outcome: 'refused'; readonly reason: Reason };
type Refused = 'MEMBER_UNKNOWN' | 'REQUEST_OPEN' | 'MERGE_UNDER_WAY' | 'ALREADY_RESTRICTED' | 'NOT_RESTRICTED';
type Written = { readonly outcome: 'ordered'; readonly requestId: string } | No<Refused>;
export type Order =
  | { readonly outcome: 'ordered'; readonly request: StoredRequest; readonly replayed: boolean }
  | No<Refused | 'NOT_ALLOWED' | 'IDEMPOTENCY_KEY_REUSED'>;

export type { StoredRequest };

/** What a service answered. */
export interface Answered {
  readonly requestId: string;
  readonly service: string;
  readonly records: number;
  readonly sha256: Buffer | null;
  readonly answeredAt: Date;
}

/** Exports, erasures and restrictions over all services, by events, with deadlines and proofs (requirement M6). */
@Injectable()
export class PrivacyRequestsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(SETTINGS) private readonly settings: MembersSettings,
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(MergesService) private readonly merges: MergesService,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(Outbox) private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Orders what a member asks for; every service hears it and answers. Safe to repeat under its key. */
  async order(caller: Caller, memberId: string, kind: RequestKind, key: string): Promise<Order> {
    const { principal } = caller;
    if (!mayOrder(principal, memberId)) return { outcome: 'refused', reason: 'NOT_ALLOWED' };
    const body = this.vault.fingerprint({ memberId, kind });
    const write = { caller: principal.sub, route: 'OrderRequest', key, body };
    const done = await this.dataSource.transaction((tx) =>
      once(tx, write, () => this.write(tx, caller, memberId, kind)),
    );
    this.outbox.wake();
    if (done.outcome === 'refused') return done;
    if (done.result.outcome === 'refused') return done.result;
    const request = await findRequest(this.dataSource.manager, done.result.requestId);
    if (!request) throw new Error('a request that was ordered is not there');
    return { outcome: 'ordered', request, replayed: done.replayed };
  }

  /** A request; undefined where there is none, or none that the principal may know of. */
  async find(principal: Principal, requestId: string): Promise<StoredRequest | undefined> {
    const request = await findRequest(this.dataSource.manager, requestId);
    return request && mayOrder(principal, request.memberId) ? request : undefined;
  }

  /** Requests, newest first; of the overdue ones those that are open past their time. */
  async list(overdue: boolean, page: Page): Promise<{ requests: StoredRequest[]; nextCursor: string }> {
    const rows = await listRequests(this.dataSource.manager, overdue ? this.clock.now() : undefined, page);
    const cut = cutPage(rows, page.limit, ({ requestId }) => [requestId]);
    return { requests: cut.page, nextCursor: cut.nextCursor };
  }

  /** Writes down what services answered. Safe to repeat. */
  async answered(tx: EntityManager, answers: readonly Answered[]): Promise<void> {
    if (answers.length > 0) await keepAnswers(tx, answers, answering);
  }

  private async write(tx: EntityManager, caller: Caller, memberId: string, kind: RequestKind): Promise<Written> {
    if (!(await this.members.sealed(memberId, tx))) return { outcome: 'refused', reason: 'MEMBER_UNKNOWN' };
    if (await isUnderWay(tx, memberId, crossing(kind))) return { outcome: 'refused', reason: 'REQUEST_OPEN' };
    const isRestricted = (await restrictedAmong(tx, [memberId])).has(memberId);
    if (kind === 'restriction' && isRestricted) return { outcome: 'refused', reason: 'ALREADY_RESTRICTED' };
    if (kind === 'lifting' && !isRestricted) return { outcome: 'refused', reason: 'NOT_RESTRICTED' };
    if (await this.merges.isUnderWay(tx, memberId)) return { outcome: 'refused', reason: 'MERGE_UNDER_WAY' };
    const requestId = await this.add(tx, caller, memberId, kind);
    // Records that were merged into hers are hers: each is asked for, and proved, by itself.
    const mergedIds = await this.members.mergedInto(tx, memberId);
    const restricted = await restrictedAmong(tx, mergedIds);
    for (const mergedId of mergedIds) {
      const isSo =
        (kind === 'restriction' && restricted.has(mergedId)) || (kind === 'lifting' && !restricted.has(mergedId));
      if (!isSo && !(await isUnderWay(tx, mergedId, crossing(kind)))) await this.add(tx, caller, mergedId, kind);
    }
    return { outcome: 'ordered', requestId };
  }

  private async add(tx: EntityManager, caller: Caller, memberId: string, kind: RequestKind): Promise<string> {
    const requestedAt = this.clock.now();
    const request: RequestRow = {
      requestId: uuidv7({ msecs: requestedAt.getTime() }),
      memberId,
      kind,
      requestedAt,
      requestedBy: caller.principal.sub,
      dueAt: dueAt(requestedAt, this.settings.PRIVACY_ANSWER_DAYS),
    };
    await addRequest(tx, request);
    await appendToOutbox(tx, [ordered(request)]);
    return request.requestId;
  }
}

/** Administrators of the whole chain who answer the member's request, and the member herself. */
export function mayOrder({ kind, sub, roles, stores }: Principal, memberId: string): boolean {
  if (kind === 'member') return sub === memberId;
  return stores === '*' && roles.includes('administrator');
}

function ordered({ requestId, memberId, kind, requestedAt }: RequestRow): OutboxEvent {
  const payload = { requestId, memberId, orderedAt: requestedAt };
  const about = { id: uuidv7(), key: memberId, topic: memberTopic };
  switch (kind) {
    case 'export':
      return {
        ...about,
        type: 'regulars.members.v1.MemberExportOrdered',
        payload: MemberExportOrdered.toJSON(payload) as object,
      };
    case 'erasure':
      return {
        ...about,
        topic: erasureTopic,
        type: 'regulars.members.v1.MemberErasureOrdered',
        payload: MemberErasureOrdered.toJSON(payload) as object,
      };
    case 'restriction':
    case 'lifting':
      return {
        ...about,
        topic: restrictionTopic,
        type: 'regulars.members.v1.MemberRestrictionOrdered',
        payload: MemberRestrictionOrdered.toJSON({ ...payload, restricted: kind === 'restriction' }) as object,
      };
  }
}
