import type { EntityManager } from 'typeorm';

/** Makes purchases due that were told one of these members. */
export async function makeDue(tx: EntityManager, told: readonly string[]): Promise<void> {
  await tx.query(
    `UPDATE pending_purchase SET due_at = now(), attempts = 0 WHERE told_member = ANY ($1::text[]) AND due_at > now()`,
    [told],
  );
}
