import { Logger } from '@nestjs/common';
import { UnprocessedReason } from '@regulars/contracts/loyalty/v1/purchases';
import type { Clock } from '@regulars/service';
import { type Failure, failureOf } from './failure.js';
import type { Work } from './lane.js';
import { batchItems, batchSeconds, laneQueue } from './lane.ops.js';
import { LaneConnection } from './lane.store.js';

const MOST_ITEMS = 256;
/** What stored purchases get of a batch while somebody waits at a till. */
const OFFLINE_ITEMS = 16;
const MOST_RERUNS = 8;
const RECONNECT_FOR_MS = 1_000;
const FIND_OUT_FOR_MS = 5_000;
const STUCK_AFTER_MS = 10_000;

/**
 * One connection and the work that waits for it. While a batch commits, arrivals queue; then they go together, live ones
 * first. Nothing is answered before it is known to be committed, or known not to be.
 */
export class Lane {
  private readonly log = new Logger('lane');
  private readonly live: Work[] = [];
  private readonly offline: Work[] = [];
  private connection: LaneConnection | undefined;
  private draining: Promise<void> | undefined;

  constructor(
    private readonly databaseUrl: string,
    private readonly clock: Clock,
  ) {}

  get waiting(): number {
    return this.live.length + this.offline.length;
  }

  add(work: Work, isOffline: boolean): void {
    (isOffline ? this.offline : this.live).push(work);
  }

  /** Begins to work off what was added. */
  start(): void {
    this.draining ??= this.drain().finally(() => {
      this.draining = undefined;
      if (this.waiting > 0) this.start();
    });
  }

  /** Opens the connection before it is needed; one that cannot be had now is opened by the first work. */
  async warmUp(): Promise<void> {
    await this.open().catch((error: unknown) => this.log.warn({ err: error }, 'a lane has no connection yet'));
  }

  /** Works off what waits and lets the connection go. */
  async stop(): Promise<void> {
    while (this.draining) await this.draining;
    await this.connection?.close();
  }

  private async drain(): Promise<void> {
    while (this.waiting > 0) {
      laneQueue.observe(this.waiting);
      const works = this.take(this.clock.now().getTime());
      if (works.length > 0) await this.settle(works, false);
    }
  }

  private take(nowMs: number): Work[] {
    const kind = (this.live[0] ?? this.offline[0])?.kind;
    const isBusy = this.live.length > 0;
    const works = takeRun(this.live, kind, MOST_ITEMS - (this.offline.length > 0 ? OFFLINE_ITEMS : 0));
    works.push(...takeRun(this.offline, kind, isBusy ? OFFLINE_ITEMS : MOST_ITEMS));
    const timely = works.filter((work) => work.deadlineMs > nowMs);
    if (timely.length < works.length) {
      for (const work of works) if (work.deadlineMs <= nowMs) refuse(work, UnprocessedReason.DEADLINE_PASSED);
    }
    return timely;
  }

  /** Answers every work; `isUnknown` when an earlier transaction with them may have been committed. */
  private async settle(works: readonly Work[], isUnknown: boolean): Promise<void> {
    const began = performance.now();
    for (let reruns = 0; ; reruns += 1) {
      const failure = await this.attempt(works);
      if (!failure) return;
      if (failure === 'lost-after-commit-was-sent') isUnknown = true;
      if (failure === 'run-again' && reruns < MOST_RERUNS) continue;
      if (failure === 'items' && works.length > 1) return this.halve(works, isUnknown);
      const patienceMs = isUnknown ? FIND_OUT_FOR_MS : RECONNECT_FOR_MS;
      if (failure.startsWith('lost') && performance.now() - began < patienceMs) {
        await new Promise((resolve) => setTimeout(resolve, Math.min(20 * 2 ** reruns, 250)));
        continue;
      }
      const reason = reasonOf(failure, isUnknown);
      for (const work of works) refuse(work, reason);
      return;
    }
  }

  /** An item made the transaction fail: the others must not suffer for it. */
  private async halve(works: readonly Work[], isUnknown: boolean): Promise<void> {
    const middle = works.length >> 1;
    await this.settle(works.slice(0, middle), isUnknown);
    await this.settle(works.slice(middle), isUnknown);
  }

  private async attempt(works: readonly Work[]): Promise<Failure | undefined> {
    const [{ kind }] = works as [Work];
    let connection: LaneConnection | undefined;
    const stuck = setTimeout(() => connection?.destroy(), STUCK_AFTER_MS);
    const began = performance.now();
    try {
      connection = await this.open();
      const results = await kind.run(
        connection,
        works.map((work) => work.item),
      );
      batchItems.observe({ kind: kind.name }, works.length);
      batchSeconds.observe({ kind: kind.name }, (performance.now() - began) / 1_000);
      works.forEach((work, index) => {
        work.answer(results[index]);
      });
      return undefined;
    } catch (error) {
      const failure = failureOf(error, connection?.commitSent ?? false);
      if (failure !== 'run-again') this.log.warn({ err: error, failure, kind: kind.name, items: works.length });
      this.leave(connection, failure);
      return failure;
    } finally {
      clearTimeout(stuck);
    }
  }

  private async open(): Promise<LaneConnection> {
    if (!this.connection?.isOpen) this.connection = await LaneConnection.open(this.databaseUrl);
    this.connection.commitSent = false;
    return this.connection;
  }

  private leave(connection: LaneConnection | undefined, failure: Failure): void {
    if (!connection) return;
    if (failure.startsWith('lost') || failure === 'outage') {
      this.connection = undefined;
      connection.destroy();
    } else if (!connection.commitSent) connection.rollback();
  }
}

function takeRun(queue: Work[], kind: Work['kind'] | undefined, most: number): Work[] {
  let count = 0;
  while (count < most && count < queue.length && queue[count]?.kind === kind) count += 1;
  return queue.splice(0, count);
}

function refuse(work: Work, reason: UnprocessedReason): void {
  work.answer(work.kind.unprocessed(reason));
}

function reasonOf(failure: Failure, isUnknown: boolean): UnprocessedReason {
  if (isUnknown) return UnprocessedReason.OUTCOME_UNKNOWN;
  return failure === 'items' ? UnprocessedReason.DEFECT : UnprocessedReason.DATABASE_UNAVAILABLE;
}
