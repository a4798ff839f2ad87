import type { EntityManager } from 'typeorm';

/** Waits until no other change of the chain is open; kept until the end of the transaction. */
export async function lockChanges(tx: EntityManager): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' changes', 0))`);
}
