import { Injectable } from '@nestjs/common';
import type { Page, Principal } from '@regulars/service';
import type { EntityManager } from 'typeorm';
import type { ToldFollowUp } from './announced.js';

export interface NewFollowUp extends ToldFollowUp {
  /** The event that it is planned for; unique. */
  readonly eventId: string;
  readonly askUntil: Date;
}

export interface WaitingFollowUp extends ToldFollowUp {
  readonly askUntil: Date;
}

export interface ListedFollowUp extends ToldFollowUp {
  readonly state: 'PLANNED' | 'DUE';
}

/** What becomes of a follow-up that was waiting. */
export interface SettledFollowUp {
  readonly followUpId: string;
  readonly state: 'PLANNED' | 'DUE' | 'LAPSED';
  readonly dueAt: Date;
}

const told = `follow_up_id AS "followUpId", member_id AS "memberId", store_id AS "storeId",
  purchase_id AS "purchaseId", due_at AS "dueAt"`;

@Injectable()
export class FollowUpsStore {
  /** When each of the members is or was last to be asked; what lapsed was never asked. Along follow_up_member. */
  async lastDueAt(tx: EntityManager, memberIds: readonly string[]): Promise<Map<string, Date>> {
    const rows = await tx.query<{ member_id: string; last: Date }[]>(
      `SELECT member_id, max(due_at) AS last FROM follow_up
       WHERE member_id = ANY ($1::uuid[]) AND state <> 'LAPSED' GROUP BY member_id`,
      [memberIds],
    );
    return new Map(rows.map(({ member_id, last }) => [member_id, last]));
  }

  /** When each of the members was last asked. Along follow_up_member. */
  async lastAskedAt(tx: EntityManager, memberIds: readonly string[]): Promise<Map<string, Date>> {
    const rows = await tx.query<{ member_id: string; last: Date }[]>(
      `SELECT member_id, max(due_at) AS last FROM follow_up
       WHERE member_id = ANY ($1::uuid[]) AND state = 'DUE' GROUP BY member_id`,
      [memberIds],
    );
    return new Map(rows.map(({ member_id, last }) => [member_id, last]));
  }

  /** Lets one process at a time decide about these people, until the transaction ends. */
  async lock(tx: EntityManager, survivorIds: readonly string[]): Promise<void> {
    await tx.query(
      `SELECT pg_advisory_xact_lock(hashtextextended(current_schema || ' person ' || sorted.id, 0))
       FROM (SELECT id FROM unnest($1::text[]) AS id ORDER BY id) AS sorted`,
      [survivorIds],
    );
  }

  /** Writes planned follow-ups; answers the ids of those whose event had none yet. */
  async insert(tx: EntityManager, followUps: readonly NewFollowUp[]): Promise<Set<string>> {
    const rows = await tx.query<{ follow_up_id: string }[]>(
      `INSERT INTO follow_up (follow_up_id, event_id, member_id, store_id, purchase_id, state, due_at, ask_until)
       SELECT follow_up_id, event_id, member_id, store_id, purchase_id, 'PLANNED', due_at, ask_until
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::timestamptz[])
         AS planned (follow_up_id, event_id, member_id, store_id, purchase_id, due_at, ask_until)
       ON CONFLICT (event_id) DO NOTHING RETURNING follow_up_id`,
      [
        followUps.map(({ followUpId }) => followUpId),
        followUps.map(({ eventId }) => eventId),
        followUps.map(({ memberId }) => memberId),
        followUps.map(({ storeId }) => storeId),
        followUps.map(({ purchaseId }) => purchaseId),
        followUps.map(({ dueAt }) => dueAt.toISOString()),
        followUps.map(({ askUntil }) => askUntil.toISOString()),
      ],
    );
    return new Set(rows.map(({ follow_up_id }) => follow_up_id));
  }

  /** Holds due follow-ups until the transaction ends; passes over those that another process holds. Along follow_up_due. */
  async holdDue(tx: EntityManager, now: Date, most: number): Promise<WaitingFollowUp[]> {
    return tx.query<WaitingFollowUp[]>(
      `SELECT ${told}, ask_until AS "askUntil" FROM follow_up WHERE state = 'PLANNED' AND due_at <= $1
       ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
      [now, most],
    );
  }

  async settle(tx: EntityManager, settled: readonly SettledFollowUp[]): Promise<void> {
    await tx.query(
      `UPDATE follow_up SET state = settled.state, due_at = settled.due_at
       FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS settled (follow_up_id, state, due_at)
       WHERE follow_up.follow_up_id = settled.follow_up_id`,
      [
        settled.map(({ followUpId }) => followUpId),
        settled.map(({ state }) => state),
        settled.map(({ dueAt }) => dueAt.toISOString()),
      ],
    );
  }

  /** Planned and asked ones of these members in these stores, newest first, one more than the page asks for. */
  async list(
    tx: EntityManager,
    memberIds: readonly string[],
    stores: Principal['stores'],
    page: Page,
  ): Promise<ListedFollowUp[]> {
    return tx.query<ListedFollowUp[]>(
      `SELECT ${told}, state FROM follow_up
       WHERE member_id = ANY ($1::uuid[]) AND state <> 'LAPSED' AND ($2::uuid[] IS NULL OR store_id = ANY ($2))
         AND ($3::uuid IS NULL OR follow_up_id < $3)
       ORDER BY follow_up_id DESC LIMIT $4`,
      [memberIds, stores === '*' ? null : stores, page.after?.[0] ?? null, page.limit + 1],
    );
  }
}
