import type { Metadata } from '@grpc/grpc-js';
import { SetMetadata } from '@nestjs/common';
import type { DataSource, EntityManager } from 'typeorm';

/** Metadata of a handler that takes dry runs. */
export const dryRuns = 'dry-runs';

/** The RPC can tell what it would do without doing it; one without this refuses a dry run and does nothing. */
export const TakesDryRuns = () => SetMetadata(dryRuns, true);

/** Whether a write is only to tell what it would do. */
export function isDryRun(metadata: Metadata): boolean {
  return metadata.get('dry-run').length > 0;
}

const tried = new WeakSet<EntityManager>();

/** Whether what is written here is rolled back in any case. */
export function isOnlyTried(tx: EntityManager): boolean {
  return tried.has(tx);
}

/**
 * Does a use case in its transaction. In a dry run all of it happens, the constraints that wait for COMMIT included, and
 * then nothing of it: the outcome is what would have been, its ids are of nobody.
 */
export async function inTransaction<Outcome>(
  dataSource: DataSource,
  isDry: boolean | undefined,
  work: (tx: EntityManager) => Promise<Outcome>,
): Promise<Outcome> {
  if (!isDry) return dataSource.transaction(work);
  const runner = dataSource.createQueryRunner();
  await runner.startTransaction();
  tried.add(runner.manager);
  try {
    const outcome = await work(runner.manager);
    await runner.query('SET CONSTRAINTS ALL IMMEDIATE');
    return outcome;
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}
