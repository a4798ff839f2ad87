import type { UnprocessedReason } from '@regulars/contracts/loyalty/v1/purchases';
import type { QueryArrayResult, QueryConfig } from 'pg';

/** A transaction on a lane's own connection: statements are sent at once and answered in order. */
export interface LaneTransaction {
  /** Sends BEGIN; what follows need not wait for it. */
  begin(): void;
  query(statement: QueryConfig): Promise<unknown>;
  rows<Row extends unknown[]>(statement: QueryConfig): Promise<QueryArrayResult<Row>>;
  /**
   * Sends COMMIT behind the statements that were sent and waits for all of them.
   *
   * @throws the first statement's error, or NotCommitted: after a failed statement COMMIT answers ROLLBACK, no error
   */
  commit(sent: readonly Promise<unknown>[]): Promise<void>;
}

/** A way to book items in one transaction. */
export interface BatchKind<Item, Result> {
  readonly name: string;
  /** Begins, holds, decides, records and commits; answers in the order of the items. Safe to run again. */
  run(tx: LaneTransaction, items: readonly Item[]): Promise<Result[]>;
  unprocessed(reason: UnprocessedReason): Result;
}

/** One item on its way through a lane. */
export interface Work {
  readonly kind: BatchKind<unknown, unknown>;
  readonly item: unknown;
  /** Epoch milliseconds after which nobody waits for the answer. */
  readonly deadlineMs: number;
  readonly answer: (result: unknown) => void;
}
