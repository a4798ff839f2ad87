import type { EntityManager } from 'typeorm';

/** Counts the changes of programmes, stores and tills. */
export async function revisionOf(tx: EntityManager): Promise<number> {
  const [row] = await tx.query<{ revision: number }[]>(`SELECT revision FROM reference_revision`);
  return row?.revision ?? 0;
}
