import { Injectable } from '@nestjs/common';
import type { Page } from '@regulars/service';
import type { EntityManager } from 'typeorm';
import type { Verdict } from './delivery.js';
import type { ToldMessage } from './outcome.js';
import { codeTemplate, type Language, notOwed, type TemplateName } from './templates.js';

/** A message to be written; nothing in it is personal. */
export interface NewMessage {
  readonly messageId: string;
  readonly causeId: string;
  readonly memberId: string;
  /** Who is left of the member, whose address it goes to (requirement M5). */
  readonly addresseeId: string;
  /** Whether only what is owed may be sent. */
  readonly isRestricted: boolean;
  readonly template: TemplateName;
  readonly storeId: string | undefined;
  readonly variables: Readonly<Record<string, string | number>>;
  readonly expiresAt: Date;
}

/** A message that this process has the lease of. */
export interface ClaimedMessage extends ToldMessage {
  readonly template: TemplateName;
  readonly storeId: string | undefined;
  readonly variables: Readonly<Record<string, string | number>>;
  /** This try included. */
  readonly attempts: number;
  readonly expiresAt: Date;
  /** Whether an earlier try began to send and was never heard of, or ended without the provider's answer. */
  readonly possibleDuplicate: boolean;
}

/** A message as listed. */
export interface ListedMessage extends ToldMessage {
  readonly language: string | null;
  readonly state: Verdict['state'];
  readonly reason: string | null;
  readonly attempts: number;
  readonly possibleDuplicate: boolean;
  readonly createdAt: Date;
  readonly sentAt: Date | null;
}

/** How a try ended, to be written down. */
export interface WrittenVerdict {
  readonly messageId: string;
  readonly verdict: Verdict;
  readonly language: Language | undefined;
}

const told = `message_id AS "messageId", member_id AS "memberId", cause_id AS "causeId", template, channel`;

@Injectable()
export class MessagesStore {
  /**
   * Writes messages to be sent now; what is there for the same cause, recipient and template stays. A message to a
   * recipient who is known to have no address, or who is not owed it while her data is restricted, ends here. Answers how
   * many were written to be sent.
   */
  async insert(tx: EntityManager, messages: readonly NewMessage[], now: Date): Promise<number> {
    const [row] = await tx.query<[{ waiting: number }]>(
      `WITH written AS (INSERT INTO message (message_id, cause_id, member_id, template, channel, store_id, variables, state, reason,
         created_at, due_at, expires_at)
       SELECT message_id, cause_id, member_id, template, 'email', store_id, variables,
         CASE WHEN reason IS NULL THEN 'WAITING' ELSE 'SUPPRESSED' END, reason,
         $8, $8, expires_at
       FROM (
         SELECT heard.*, CASE
           WHEN heard.is_restricted AND heard.template = ANY ($10::text[]) THEN 'RESTRICTED'
           WHEN heard.template <> $9 AND NOT recipient.has_email THEN 'NO_ADDRESS' END AS reason
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::jsonb[], $7::timestamptz[],
             $11::uuid[], $12::boolean[])
           AS heard (message_id, cause_id, member_id, template, store_id, variables, expires_at, addressee_id, is_restricted)
         LEFT JOIN recipient ON recipient.member_id = heard.addressee_id) AS heard
       ON CONFLICT ON CONSTRAINT message_once DO NOTHING
       RETURNING state)
       SELECT count(*)::integer AS waiting FROM written WHERE state = 'WAITING'`,
      [
        messages.map(({ messageId }) => messageId),
        messages.map(({ causeId }) => causeId),
        messages.map(({ memberId }) => memberId),
        messages.map(({ template }) => template),
        messages.map(({ storeId }) => storeId ?? null),
        messages.map(({ variables }) => JSON.stringify(variables)),
        messages.map(({ expiresAt }) => expiresAt.toISOString()),
        now,
        codeTemplate,
        notOwed,
        messages.map(({ addresseeId }) => addresseeId),
        messages.map(({ isRestricted }) => isRestricted),
      ],
    );
    return row.waiting;
  }

  /**
   * Takes the lease of due messages of these templates, oldest due first. Rows that another process is taking are passed
   * over; one whose lease ran out is due again. Reads along message_due, which holds what waits and nothing else.
   */
  async claim(
    tx: EntityManager,
    lease: { readonly token: string; readonly now: Date; readonly until: Date; readonly most: number },
    templates: readonly string[],
  ): Promise<ClaimedMessage[]> {
    const [rows] = await tx.query<[(Omit<ClaimedMessage, 'storeId'> & { storeId: string | null })[], number]>(
      `UPDATE message SET due_at = $3, lease_token = $1, attempts = attempts + 1,
         possible_duplicate = possible_duplicate OR sending_since IS NOT NULL
       WHERE message_id IN (
         SELECT message_id FROM message WHERE state = 'WAITING' AND due_at <= $2 AND template = ANY ($5)
         ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED)
       RETURNING ${told}, store_id AS "storeId", variables, attempts, expires_at AS "expiresAt",
         possible_duplicate AS "possibleDuplicate"`,
      [lease.token, lease.now, lease.until, lease.most, templates],
    );
    return rows.map((row) => ({ ...row, storeId: row.storeId ?? undefined }));
  }

  /**
   * Notes, before the provider is called, that sending begins, so that a crash from here on is known to have perhaps
   * sent. Answers the messages whose lease still is this one.
   */
  async beginSending(tx: EntityManager, token: string, messageIds: readonly string[], now: Date): Promise<Set<string>> {
    const [rows] = await tx.query<[{ message_id: string }[], number]>(
      `UPDATE message SET sending_since = $3 WHERE message_id = ANY ($2::uuid[]) AND lease_token = $1
       RETURNING message_id`,
      [token, messageIds, now],
    );
    return new Set(rows.map(({ message_id }) => message_id));
  }

  /** Writes how tries ended, where the lease still is this one; answers which were written. */
  async record(tx: EntityManager, token: string, written: readonly WrittenVerdict[], now: Date): Promise<Set<string>> {
    const [rows] = await tx.query<[{ message_id: string }[], number]>(
      `UPDATE message SET state = verdict.state, reason = verdict.reason, due_at = verdict.due_at,
         language = coalesce(verdict.language, message.language), lease_token = NULL,
         sending_since = CASE WHEN verdict.maybe_taken THEN sending_since END,
         sent_at = CASE WHEN verdict.state = 'SENT' THEN $8::timestamptz END
       FROM unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::boolean[], $7::text[])
         AS verdict (message_id, state, reason, due_at, maybe_taken, language)
       WHERE message.message_id = verdict.message_id AND lease_token = $1
       RETURNING message.message_id`,
      [
        token,
        written.map(({ messageId }) => messageId),
        written.map(({ verdict }) => verdict.state),
        written.map(({ verdict }) => verdict.reason ?? null),
        written.map(({ verdict }) => verdict.dueAt.toISOString()),
        written.map(({ verdict }) => verdict.maybeTaken),
        written.map(({ language }) => language ?? null),
        now,
      ],
    );
    return new Set(rows.map(({ message_id }) => message_id));
  }

  /** Messages of these members, newest first, one more than the page asks for; along message_member. */
  async list(tx: EntityManager, memberIds: readonly string[], page: Page): Promise<ListedMessage[]> {
    return tx.query<ListedMessage[]>(
      `SELECT ${told}, language, state, reason, attempts, possible_duplicate AS "possibleDuplicate",
         created_at AS "createdAt", sent_at AS "sentAt"
       FROM message WHERE member_id = ANY ($1::uuid[]) AND ($2::uuid IS NULL OR message_id < $2)
       ORDER BY message_id DESC LIMIT $3`,
      [memberIds, page.after?.[0] ?? null, page.limit + 1],
    );
  }
}
