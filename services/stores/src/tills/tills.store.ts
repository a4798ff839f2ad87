import { Column, Entity, type EntityManager, In, IsNull, MoreThan, PrimaryColumn } from 'typeorm';
import type { Latest } from '../latest.js';
import type { KeptKey, TillDraft } from './tills.js';

@Entity('till')
export class TillRow implements Latest, TillDraft {
  @PrimaryColumn('uuid', { name: 'till_id' })
  tillId!: string;

  @Column('uuid', { name: 'store_id' })
  storeId!: string;

  @Column('text')
  number!: string;

  @Column('boolean', { name: 'must_sign' })
  mustSign!: boolean;

  @Column('bigint')
  version!: number;

  @Column('uuid', { name: 'event_id' })
  eventId!: string;

  @Column('timestamptz', { name: 'changed_at' })
  changedAt!: Date;
}

@Entity('till_key')
export class TillKeyRow implements KeptKey {
  @PrimaryColumn('uuid', { name: 'key_id' })
  keyId!: string;

  @Column('uuid', { name: 'till_id' })
  tillId!: string;

  /** Of the whole secret, which is kept nowhere, or of the public key. */
  @Column('bytea')
  sha256!: Buffer;

  @Column('bytea', { name: 'public_key', nullable: true })
  publicKey!: Buffer | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;

  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;
}

/** That a key was used. */
export interface KeyUse {
  readonly keyId: string;
  readonly usedAt: Date;
}

export function hasNumber(tx: EntityManager, storeId: string, number: string): Promise<boolean> {
  return tx.existsBy(TillRow, { storeId, number });
}

export async function addTill(tx: EntityManager, till: TillRow): Promise<void> {
  await tx.insert(TillRow, till);
}

export function countTills(tx: EntityManager, storeId: string): Promise<number> {
  return tx.countBy(TillRow, { storeId });
}

export function findTill(tx: EntityManager, tillId: string): Promise<TillRow | null> {
  return tx.findOneBy(TillRow, { tillId });
}

/** The tills of a store by number; as many as a store may have. */
export function tillsOfStore(tx: EntityManager, storeId: string, most: number): Promise<TillRow[]> {
  return tx.find(TillRow, { where: { storeId }, order: { number: 'ASC' }, take: most });
}

/** A page of all tills by id, from after `tillId`. */
export function tillsAfter(tx: EntityManager, tillId: string, limit: number): Promise<TillRow[]> {
  return tx.find(TillRow, { where: { tillId: MoreThan(tillId) }, order: { tillId: 'ASC' }, take: limit });
}

/** Changes a till, with the version that its event follows. */
export async function setTill(tx: EntityManager, tillId: string, changed: Partial<TillRow>): Promise<void> {
  await tx.update(TillRow, { tillId }, changed);
}

/** Follows a till's event with its version. */
export async function setLatest(tx: EntityManager, tillId: string, latest: Latest): Promise<void> {
  await tx.update(TillRow, { tillId }, latest);
}

export function liveKeysOf(tx: EntityManager, tillIds: readonly string[]): Promise<TillKeyRow[]> {
  return tx.find(TillKeyRow, {
    where: { tillId: In([...tillIds]), revokedAt: IsNull() },
    order: { createdAt: 'ASC', keyId: 'ASC' },
  });
}

/** The live keys of these tills, and of each the `most` revoked ones that were made last. */
export function keysOf(tx: EntityManager, tillIds: readonly string[], most: number): Promise<TillKeyRow[]> {
  return tx
    .createQueryBuilder(TillKeyRow, 'key')
    .innerJoin(
      (ranked) =>
        ranked
          .select('r.key_id', 'key_id')
          .addSelect(
            'row_number() OVER (PARTITION BY r.till_id, r.revoked_at IS NULL ORDER BY r.created_at DESC)',
            'nth',
          )
          .from(TillKeyRow, 'r')
          .where('r.till_id = ANY(:tillIds)'),
      'ranked',
      'ranked.key_id = key.key_id AND (key.revoked_at IS NULL OR ranked.nth <= :most)',
    )
    .setParameters({ tillIds, most })
    .getMany();
}

export async function addKey(tx: EntityManager, key: TillKeyRow): Promise<void> {
  await tx.insert(TillKeyRow, key);
}

export function hasPublicKey(tx: EntityManager, publicKey: Buffer): Promise<boolean> {
  return tx.existsBy(TillKeyRow, { publicKey });
}

export function findKey(tx: EntityManager, tillId: string, keyId: string): Promise<TillKeyRow | null> {
  return tx.findOneBy(TillKeyRow, { tillId, keyId });
}

export async function revokeKey(tx: EntityManager, keyId: string, revokedAt: Date): Promise<void> {
  await tx.update(TillKeyRow, { keyId }, { revokedAt });
}

/** Notes when keys were last used; to the minute, so that a busy till does not rewrite its row all the time. */
export async function noteUses(tx: EntityManager, uses: readonly KeyUse[]): Promise<void> {
  await tx.query(
    `UPDATE till_key SET last_used_at = use.at
       FROM unnest($1::uuid[], $2::timestamptz[]) AS use (key_id, at)
      WHERE till_key.key_id = use.key_id
        AND (last_used_at IS NULL OR last_used_at <= use.at - interval '1 minute')`,
    [uses.map(({ keyId }) => keyId), uses.map(({ usedAt }) => usedAt)],
  );
}
