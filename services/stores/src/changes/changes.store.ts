import { Column, Entity, type EntityManager, PrimaryColumn } from 'typeorm';

/** Who changed what, append-only (requirement O4). */
@Entity('configuration_log')
export class ConfigurationLogRow {
  /** Given by the database; in the order of writing. */
  @PrimaryColumn('bigint', { insert: false })
  entry!: number;

  @Column('timestamptz')
  at!: Date;

  /** Subject of the principal. */
  @Column('text')
  principal!: string;

  @Column('text')
  change!: string;

  @Column('uuid', { name: 'record_id' })
  recordId!: string;

  /** The record as it then stood, as it was published. */
  @Column('json')
  after!: object;
}

/** Waits until no other change of the chain is open; kept until the end of the transaction. */
export async function lockChanges(tx: EntityManager): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' changes', 0))`);
}

export async function logChange(tx: EntityManager, row: Omit<ConfigurationLogRow, 'entry'>): Promise<void> {
  await tx.createQueryBuilder().insert().into(ConfigurationLogRow).values(row).updateEntity(false).execute();
}
