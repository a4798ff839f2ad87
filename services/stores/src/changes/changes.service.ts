import { Inject, Injectable } from '@nestjs/common';
import { appendToOutbox, Outbox, type RepublishedEvent } from '@regulars/messaging';
import { CLOCK, type Clock, inTransaction, logConfiguration, once, type Principal } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Latest } from '../latest.js';
import { lockChanges } from './changes.store.js';

/** On whose behalf something is changed, and in which trace. */
export interface Caller {
  readonly principal: Principal;
  readonly traceparent: string | undefined;
  /** Under which the change may be sent again. */
  readonly idempotencyKey?: string | undefined;
  /** Whether it is only to be told what would become of the change. */
  readonly isDryRun?: boolean;
}

/** A change that may be sent again: which, and with what. */
export interface Asked {
  readonly route: string;
  readonly body: object;
}

/** What became of a change, and whether that was told before. */
export type Once<Outcome> =
  | (Outcome & { readonly replayed: boolean })
  | { readonly outcome: 'refused'; readonly reason: 'IDEMPOTENCY_KEY_REUSED'; readonly replayed: boolean };

/** Every change of the chain goes through here: state, event and log entry in one transaction. */
@Injectable()
export class ChangesService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Outbox) private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Runs a use case in its transaction, one at a time in the whole service; what it announced is published right after
   * COMMIT.
   *
   * The lock comes before the first write: a transaction that waited for another's row would have taken the lower
   * transaction id before, and the relay would publish its newer version first. Changes of the chain are rare enough for
   * one lock.
   */
  async transaction<Outcome>(work: (tx: EntityManager) => Promise<Outcome>, isDryRun = false): Promise<Outcome> {
    const outcome = await inTransaction(this.dataSource, isDryRun, async (tx) => {
      await lockChanges(tx);
      return work(tx);
    });
    this.outbox.wake();
    return outcome;
  }

  /**
   * The same for a change that may be sent again: under the caller's key it is made once, and its outcome, of which
   * nothing may be secret, is answered again. Moments in a repeated outcome are text.
   */
  async once<Outcome extends object>(
    { principal, idempotencyKey: key, isDryRun }: Caller,
    { route, body }: Asked,
    work: (tx: EntityManager) => Promise<Outcome>,
  ): Promise<Once<Outcome>> {
    return this.transaction(async (tx) => {
      const done = await once(tx, { caller: principal.sub, route, key, body }, () => work(tx));
      return done.outcome === 'done' ? { ...done.result, replayed: done.replayed } : { ...done, replayed: false };
    }, isDryRun);
  }

  /** For the first version of a record. */
  first(): Latest {
    return this.next(0);
  }

  /** For the version after `version`, inside a transaction of this service. */
  next(version: number): Latest {
    return { version: version + 1, eventId: uuidv7(), changedAt: this.clock.now() };
  }

  /**
   * Publishes how a record now stands and logs who changed it.
   *
   * @param change what was done, such as `till-key-revoked`
   */
  async announce(tx: EntityManager, caller: Caller, change: string, event: RepublishedEvent): Promise<void> {
    await appendToOutbox(tx, [caller.traceparent ? { ...event, traceparent: caller.traceparent } : event]);
    await logConfiguration(tx, {
      at: event.time,
      principal: caller.principal.sub,
      change,
      recordId: event.key,
      after: event.payload,
    });
  }
}
