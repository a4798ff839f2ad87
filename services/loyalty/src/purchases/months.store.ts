import type { EntityManager } from 'typeorm';

export async function addMonths(tx: EntityManager, back: number, ahead: number): Promise<number> {
  const [row] = await tx.query<{ added: number }[]>(`SELECT purchase_add_months($1, $2) AS added`, [back, ahead]);
  return row?.added ?? 0;
}
