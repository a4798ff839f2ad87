import { MembersMerged } from '@regulars/contracts/members/v1/members_events';
import type { EventConsumer, ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';

const merged = 'regulars.members.v1.MembersMerged';
const unmerged = 'regulars.members.v1.MembersUnmerged';

/** Statements of a service's migration: which members are one person, as members told (requirement M5). */
export const mergeTables = {
  up: [
    // A row stays when the merge is undone, so that its order, heard late or again, changes nothing.
    `CREATE TABLE heard_merge (
      merge_id uuid PRIMARY KEY,
      survivor_id uuid NOT NULL,
      merged_id uuid NOT NULL,
      is_undone boolean NOT NULL
    )`,
    'CREATE INDEX heard_merge_survivor ON heard_merge (survivor_id) WHERE NOT is_undone',
    'CREATE INDEX heard_merge_merged ON heard_merge (merged_id) WHERE NOT is_undone',
  ],
  down: ['DROP TABLE heard_merge'],
} as const;

/**
 * Hears which members are one person. Rows of a service stay under the member they came with, and reads ask here whose
 * they are, so that an undone merge leaves nothing behind. Provided by `MemberDataModule`.
 */
export class MergesConsumer implements EventConsumer {
  readonly topic = 'regulars.members.member.v1';
  readonly group: string;

  constructor(service: string) {
    this.group = `${service}-merges`;
  }

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await noteMerges(tx, events, merged);
    await noteMerges(tx, events, unmerged);
  }
}

/** The member and everybody who was merged into her: whose rows are hers. Herself first. */
export async function membersBehind(tx: EntityManager, memberId: string): Promise<string[]> {
  const rows = await tx.query<{ memberId: string }[]>(
    `WITH RECURSIVE hers (member_id) AS (
       SELECT $1::uuid
       UNION SELECT m.merged_id FROM hers JOIN heard_merge m ON m.survivor_id = hers.member_id AND NOT m.is_undone)
     SELECT member_id AS "memberId" FROM hers`,
    [memberId],
  );
  return rows.map((row) => row.memberId);
}

/**
 * Who is left of each member, by the ids of these members and of all who are one person with them. Members of whom no
 * merge was heard stand for themselves.
 */
export async function survivorsOf(tx: EntityManager, memberIds: readonly string[]): Promise<Map<string, string>> {
  const asked = [...new Set(memberIds)];
  if (asked.length === 0) return new Map();
  const rows = await tx.query<{ memberId: string; survivorId: string }[]>(
    `WITH RECURSIVE above (member_id) AS (
       SELECT unnest($1::uuid[])
       UNION SELECT m.survivor_id FROM above JOIN heard_merge m ON m.merged_id = above.member_id AND NOT m.is_undone
     ), person (survivor_id, member_id) AS (
       SELECT member_id, member_id FROM above WHERE NOT EXISTS (
         SELECT FROM heard_merge m WHERE m.merged_id = above.member_id AND NOT m.is_undone)
       UNION SELECT person.survivor_id, m.merged_id
         FROM person JOIN heard_merge m ON m.survivor_id = person.member_id AND NOT m.is_undone
     )
     SELECT survivor_id AS "survivorId", member_id AS "memberId" FROM person`,
    [asked],
  );
  // A new merge may be heard before the undoing of an older one that goes the other way: then nobody is left for a moment.
  const themselves = asked.map((memberId) => [memberId, memberId] as const);
  return new Map([...themselves, ...rows.map(({ memberId, survivorId }) => [memberId, survivorId] as const)]);
}

/** Both events have the same fields; each comes under both members' keys, so a merge is heard of twice. */
async function noteMerges(tx: EntityManager, events: readonly ReceivedEvent[], type: string): Promise<void> {
  const heard = events.filter((event) => event.type === type).map(({ payload }) => MembersMerged.fromJSON(payload));
  const merges = [...new Map(heard.map((merge) => [merge.mergeId, merge])).values()];
  if (merges.length === 0) return;
  await tx.query(
    `INSERT INTO heard_merge (merge_id, survivor_id, merged_id, is_undone)
     SELECT heard.*, $4::boolean FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS heard
     ON CONFLICT (merge_id) DO UPDATE SET is_undone = true WHERE excluded.is_undone`,
    [
      merges.map(({ mergeId }) => mergeId),
      merges.map(({ survivorId }) => survivorId),
      merges.map(({ mergedId }) => mergedId),
      type === unmerged,
    ],
  );
}
