import type { EntityManager } from 'typeorm';
import type { Slot, WrappedKey } from '../privacy/keys.js';

/** A member as stored. Sealed fields are opened by the vault only. */
export interface MemberRow {
  readonly memberId: string;
  readonly number: string;
  readonly codeTokenSha256: Buffer;
  readonly codeTokenSealed: Buffer;
  readonly nameSealed: Buffer;
  readonly mobileSealed: Buffer | null;
  /** Under the index key of the first place; null while the member does not hold the mobile. */
  readonly mobileIndex: Buffer | null;
  readonly mobileIndex1: Buffer | null;
  readonly emailSealed: Buffer | null;
  readonly emailIndex: Buffer | null;
  readonly emailIndex1: Buffer | null;
  /** Which places are filled, as bits. */
  readonly indexSlots: number;
  readonly birthdaySealed: Buffer | null;
  readonly nature: string;
  readonly language: string;
  readonly homeStoreId: string | null;
  readonly channel: string;
  readonly registeredAt: Date;
  readonly registeredEventId: string;
}

/** A beginning of a name, as it is looked up. */
export interface NameIndexRow {
  readonly slot: Slot;
  readonly index: Buffer;
}

/** What somebody accepted, as stored and as the database's JSON has it. */
export interface AcceptanceRow {
  readonly notice: string;
  readonly version: string;
  readonly channel: string;
  /** RFC 3339. */
  readonly acceptedAt: string;
}

/** Who wrote down what somebody accepted. */
export interface Recording {
  readonly at: Date;
  readonly by: string;
  readonly from: string;
}

/** An acceptance as it is read; what was written down before proofs were kept has none. */
export interface ProvenAcceptance extends AcceptanceRow {
  /** RFC 3339. */
  readonly recordedAt: string | null;
  readonly recordedBy: string | null;
  readonly recordedFrom: string | null;
}

/** A member with all that is needed to read it. */
export type StoredMember = MemberRow &
  WrappedKey & {
    readonly acceptances: readonly ProvenAcceptance[];
    readonly tags: readonly string[];
    /** Who is left of a merge; null for a member who stands for herself. */
    readonly mergedInto: string | null;
    readonly mergedIds: readonly string[];
    readonly mobileVerifiedAt: Date | null;
    readonly emailVerifiedAt: Date | null;
    /** The last sign of life. */
    readonly seenAt: Date;
    /** Since when the data is not to be used but for what the member does herself. */
    readonly restrictedSince: Date | null;
  };

/** By what a member is found; each has a unique index of its own. */
export type FoundBy =
  | { readonly by: 'member_id'; readonly value: string }
  | { readonly by: 'number'; readonly value: string }
  | { readonly by: 'code_token_sha256' | ContactColumn; readonly value: Buffer };

/** Where indexes of a contact stand, by place. */
export const mobileColumns = ['mobile_index', 'mobile_index_1'] as const;
export const emailColumns = ['email_index', 'email_index_1'] as const;
type ContactColumn = (typeof mobileColumns)[number] | (typeof emailColumns)[number];

const columns = {
  memberId: 'member_id',
  number: 'number',
  codeTokenSha256: 'code_token_sha256',
  codeTokenSealed: 'code_token_sealed',
  nameSealed: 'name_sealed',
  mobileSealed: 'mobile_sealed',
  mobileIndex: 'mobile_index',
  mobileIndex1: 'mobile_index_1',
  emailSealed: 'email_sealed',
  emailIndex: 'email_index',
  emailIndex1: 'email_index_1',
  indexSlots: 'index_slots',
  birthdaySealed: 'birthday_sealed',
  nature: 'nature',
  language: 'language',
  homeStoreId: 'home_store_id',
  channel: 'channel',
  registeredAt: 'registered_at',
  registeredEventId: 'registered_event_id',
} as const satisfies Record<keyof MemberRow, string>;

const fields = Object.keys(columns) as (keyof MemberRow)[];

const insertMember = `INSERT INTO member (${Object.values(columns).join(', ')})
  VALUES (${fields.map((_, at) => `$${at + 1}`).join(', ')})
  ON CONFLICT DO NOTHING RETURNING 1`;

const types: Readonly<Record<keyof MemberRow, string>> = {
  memberId: 'uuid',
  number: 'text',
  codeTokenSha256: 'bytea',
  codeTokenSealed: 'bytea',
  nameSealed: 'bytea',
  mobileSealed: 'bytea',
  mobileIndex: 'bytea',
  mobileIndex1: 'bytea',
  emailSealed: 'bytea',
  emailIndex: 'bytea',
  emailIndex1: 'bytea',
  indexSlots: 'smallint',
  birthdaySealed: 'bytea',
  nature: 'text',
  language: 'text',
  homeStoreId: 'uuid',
  channel: 'text',
  registeredAt: 'timestamptz',
  registeredEventId: 'uuid',
};

const insertMembers = `INSERT INTO member (${Object.values(columns).join(', ')})
  SELECT * FROM unnest(${fields.map((field, at) => `$${at + 1}::${types[field]}[]`).join(', ')})
  ON CONFLICT DO NOTHING RETURNING member_id AS "memberId"`;

const selectMember = `SELECT ${fields.map((field) => `member.${columns[field]} AS "${field}"`).join(', ')},
    member.mobile_verified_at AS "mobileVerifiedAt", member.email_verified_at AS "emailVerifiedAt",
    member.seen_at AS "seenAt", member_key.key_encryption_key_id AS "keyEncryptionKeyId", member_key.wrapped,
    (SELECT since FROM restricted_member WHERE restricted_member.member_id = member.member_id) AS "restrictedSince",
    (SELECT json_agg(json_build_object('notice', notice, 'version', version, 'channel', channel,
        'acceptedAt', to_char(accepted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'recordedAt',
        to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'recordedBy', recorded_by,
        'recordedFrom', recorded_from) ORDER BY notice, version)
      FROM acceptance WHERE acceptance.member_id = member.member_id) AS acceptances,
    ARRAY(SELECT tag FROM member_tag WHERE member_tag.member_id = member.member_id ORDER BY tag) AS tags,
    member.merged_into AS "mergedInto",
    ARRAY(SELECT m.member_id FROM member m WHERE m.merged_into = member.member_id ORDER BY m.member_id) AS "mergedIds"
  FROM member JOIN member_key USING (member_id)`;

/** The next number of the sequence, without its check digit; numbers of registrations that fail are left out. */
export async function nextNumber(tx: EntityManager): Promise<number> {
  const [row] = await tx.query<[{ next: number }]>(`SELECT nextval('member_number') AS next`);
  return row.next;
}

/** False when another member has the mobile or the e-mail; a concurrent registration is waited for. */
export async function addMember(tx: EntityManager, member: MemberRow): Promise<boolean> {
  const added = await tx.query<unknown[]>(
    insertMember,
    fields.map((field) => member[field]),
  );
  return added.length === 1;
}

/** The same for many, in one statement. @returns the ids of those that were added */
export async function addMembers(tx: EntityManager, members: readonly MemberRow[]): Promise<Set<string>> {
  const added = await tx.query<{ memberId: string }[]>(
    insertMembers,
    fields.map((field) => members.map((member) => member[field])),
  );
  return new Set(added.map(({ memberId }) => memberId));
}

/** So many numbers of the sequence. */
export async function nextNumbers(tx: EntityManager, count: number): Promise<number[]> {
  const rows = await tx.query<{ next: number }[]>(
    `SELECT nextval('member_number') AS next FROM generate_series(1, $1)`,
    [count],
  );
  return rows.map(({ next }) => next);
}

export async function addKeys(tx: EntityManager, keys: readonly WrappedKey[]): Promise<void> {
  await tx.query(
    `INSERT INTO member_key (member_id, key_encryption_key_id, wrapped)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[])`,
    [keys.map((key) => key.memberId), keys.map((key) => key.keyEncryptionKeyId), keys.map((key) => key.wrapped)],
  );
}

/** What many accepted, in one statement. */
export async function addManyAcceptances(
  tx: EntityManager,
  accepted: readonly (AcceptanceRow & { readonly memberId: string })[],
  recording: Recording,
): Promise<void> {
  await tx.query(
    `INSERT INTO acceptance (member_id, notice, version, channel, accepted_at, recorded_at, recorded_by, recorded_from)
     SELECT accepted.*, $6, $7, $8
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) AS accepted`,
    [
      accepted.map((row) => row.memberId),
      accepted.map((row) => row.notice),
      accepted.map((row) => row.version),
      accepted.map((row) => row.channel),
      accepted.map((row) => row.acceptedAt),
      recording.at,
      recording.by,
      recording.from,
    ],
  );
}

export async function addKey(tx: EntityManager, key: WrappedKey): Promise<void> {
  await tx.query('INSERT INTO member_key (member_id, key_encryption_key_id, wrapped) VALUES ($1, $2, $3)', [
    key.memberId,
    key.keyEncryptionKeyId,
    key.wrapped,
  ]);
}

export async function addAcceptances(
  tx: EntityManager,
  memberId: string,
  accepted: readonly AcceptanceRow[],
  recording: Recording,
): Promise<void> {
  await tx.query(
    `INSERT INTO acceptance (member_id, notice, version, channel, accepted_at, recorded_at, recorded_by, recorded_from)
     SELECT $1, accepted.*, $6, $7, $8 FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[]) AS accepted
     ON CONFLICT DO NOTHING`,
    [
      memberId,
      accepted.map((row) => row.notice),
      accepted.map((row) => row.version),
      accepted.map((row) => row.channel),
      accepted.map((row) => row.acceptedAt),
      recording.at,
      recording.by,
      recording.from,
    ],
  );
}

export async function addNameIndexes(
  tx: EntityManager,
  rows: readonly (NameIndexRow & { readonly memberId: string })[],
): Promise<void> {
  await tx.query(
    `INSERT INTO name_index (slot, index, member_id)
     SELECT * FROM unnest($1::smallint[], $2::bytea[], $3::uuid[]) ON CONFLICT DO NOTHING`,
    [rows.map((row) => row.slot), rows.map((row) => row.index), rows.map((row) => row.memberId)],
  );
}

export async function hasMember(tx: EntityManager, memberId: string): Promise<boolean> {
  const found = await tx.query<unknown[]>('SELECT 1 FROM member WHERE member_id = $1', [memberId]);
  return found.length > 0;
}

export async function mergedInto(tx: EntityManager, memberId: string): Promise<string[]> {
  const rows = await tx.query<{ memberId: string }[]>(
    'SELECT member_id AS "memberId" FROM member WHERE merged_into = $1 AND gone_at IS NULL ORDER BY member_id',
    [memberId],
  );
  return rows.map((row) => row.memberId);
}

/** One look-up in one unique index. */
export async function findMember(tx: EntityManager, { by, value }: FoundBy): Promise<StoredMember | undefined> {
  const [found] = await tx.query<StoredMember[]>(`${selectMember} WHERE member.${by} = $1`, [value]);
  return found;
}

/** Those of the members that exist, in any order. */
export function findMembers(tx: EntityManager, memberIds: readonly string[]): Promise<StoredMember[]> {
  return tx.query<StoredMember[]>(`${selectMember} WHERE member.member_id = ANY($1::uuid[])`, [memberIds]);
}

/** Who has these mobiles, in one look-up in the index of mobiles. */
export function findByMobiles(
  tx: EntityManager,
  slot: Slot,
  mobileIndexes: readonly Buffer[],
): Promise<{ memberId: string; mobileIndex: Buffer }[]> {
  const column = mobileColumns[slot];
  return tx.query(
    `SELECT member_id AS "memberId", ${column} AS "mobileIndex" FROM member WHERE ${column} = ANY($1::bytea[])`,
    [mobileIndexes],
  );
}

/** A page of all members by id, from after `memberId`. */
export function membersAfter(tx: EntityManager, memberId: string, limit: number): Promise<MemberRow[]> {
  return tx.query<MemberRow[]>(
    `SELECT ${fields.map((field) => `${columns[field]} AS "${field}"`).join(', ')}
     FROM member WHERE member_id > $1 ORDER BY member_id LIMIT $2`,
    [memberId, limit],
  );
}
