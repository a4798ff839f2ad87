import { Inject, Injectable } from '@nestjs/common';
import type { MemberReference } from '@regulars/contracts/loyalty/v1/purchases';
import { appendToOutbox, Outbox, type OutboxEvent } from '@regulars/messaging';
import { inTransaction } from '@regulars/service';
import type { QueryConfig } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { failureOf } from '../lanes/failure.js';
import * as store from './held-ledgers.store.js';
import { type AccountState, type LedgerBatch, noAccount } from './ledger.js';
import { LedgerService } from './ledger.service.js';
import type { SpendableLot } from './spending.js';

const MOST_RERUNS = 8;

/** Thrown to begin again with another member: the one whose lock is held is not, or no longer, the right one. */
export class MemberMoved extends Error {
  override readonly name = 'MemberMoved';
}

/** Ledgers of members under their locks, for whatever changes them outside the lanes. */
@Injectable()
export class HeldLedgers {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    private readonly ledger: LedgerService,
    private readonly outbox: Outbox,
  ) {}

  /** Does the work in one transaction that holds the members' locks from its beginning; again when it lost a race. */
  async under<Result>(
    memberIds: readonly string[],
    work: (tx: EntityManager) => Promise<Result>,
    isDryRun = false,
  ): Promise<Result> {
    for (let reruns = 0; ; reruns += 1) {
      try {
        const result = await inTransaction(this.dataSource, isDryRun, async (tx) => {
          if (memberIds.length > 0) await store.lockMembers(tx, memberIds);
          return work(tx);
        });
        this.outbox.wake();
        return result;
      } catch (error) {
        if (reruns >= MOST_RERUNS || failureOf(error, false) !== 'run-again') throw error;
      }
    }
  }

  /** Who a till means; undefined when nobody is known by it. */
  memberBehind({ by }: MemberReference): Promise<store.FoundMember | undefined> {
    const tx = this.dataSource.manager;
    switch (by?.$case) {
      case 'memberId':
        return store.findMember(tx, { id: by.value });
      case 'number':
        return store.findMember(tx, { number: by.value });
      case 'codeTokenSha256':
        return store.findMember(tx, { token: Buffer.from(by.value) });
      case undefined:
        return Promise.resolve(undefined);
    }
  }

  /** @throws MemberMoved when the member was merged while its lock was awaited */
  async mustStand(tx: EntityManager, memberId: string): Promise<void> {
    if (await store.isMerged(tx, memberId)) throw new MemberMoved('the member was merged while its lock was awaited');
  }

  /** Attempts again, from finding the member on, what met another member than it had locked. */
  async whileMembersMove<Result>(attempt: () => Promise<Result>): Promise<Result> {
    for (let reruns = 0; ; reruns += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (reruns >= MOST_RERUNS || !(error instanceof MemberMoved)) throw error;
      }
    }
  }

  /** Reads accounts of members whose locks are held; all zero for one that is not there. */
  async accounts(
    tx: EntityManager,
    keys: readonly store.AccountKey[],
  ): Promise<(key: store.AccountKey) => AccountState> {
    const found = await store.readAccounts(tx, keys);
    return (key) => found.get(store.accountName(key)) ?? noAccount;
  }

  lots(tx: EntityManager, key: store.AccountKey): Promise<SpendableLot[]> {
    return store.readLots(tx, key);
  }

  /** Writes the movements and their events in the transaction that holds the locks. */
  async record(tx: EntityManager, ledger: LedgerBatch, events: readonly OutboxEvent[]): Promise<void> {
    const statements: QueryConfig[] = [];
    const collect = (statement: QueryConfig) => Promise.resolve(statements.push(statement));
    await Promise.all(this.ledger.record({ query: collect }, ledger, events));
    // The statements of one transaction, one for each table.
    for (const { text, values } of statements) await tx.query(text, values);
  }

  /** Writes events of changes that book nothing. */
  tell(tx: EntityManager, events: readonly OutboxEvent[]): Promise<void> {
    return appendToOutbox(tx, events);
  }
}
