import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, type MemberData } from '@regulars/service';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { BirthdaysService } from '../birthdays/birthdays.service.js';
import { HeldLedgers } from '../points/held-ledgers.service.js';
import { LedgerBatch } from '../points/ledger.js';
import { markGone, programmesOf, recordsOf } from './member-data.store.js';

/** What loyalty has of a member, and what of it stays when she is erased (requirements L4, M6). */
@Injectable()
export class LoyaltyMemberData implements MemberData {
  constructor(
    private readonly ledgers: HeldLedgers,
    private readonly birthdays: BirthdaysService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  recordsOf(tx: EntityManager, memberId: string): Promise<object[]> {
    return recordsOf(tx, memberId);
  }

  /**
   * Books what the member has, or owes, away, so that the books balance with nobody owning anything; entries stay, under
   * an id that belongs to nobody. Under the member's lock: a purchase at the same moment is booked before it and taken
   * away with the rest, or refused after it.
   */
  async erase(
    memberId: string,
    orderedAt: Date,
    done: (tx: EntityManager, records: number) => Promise<void>,
  ): Promise<void> {
    await this.ledgers.under([memberId], async (tx) => {
      const keys = (await programmesOf(tx, memberId)).map((programmeId) => ({ memberId, programmeId }));
      const held = await this.ledgers.accounts(tx, keys);
      const ledger = new LedgerBatch(this.clock.now().getTime());
      for (const key of keys) {
        const account = ledger.account(key.programmeId, memberId, held(key));
        const lots = await this.ledgers.lots(tx, key);
        for (const { lotId, remaining } of lots) {
          ledger.lotChanges.push({ lotId, account, taken: remaining, forgiven: 0 });
        }
        account.debt = 0;
        account.nextExpiryMs = undefined;
        if (account.balance !== 0 || lots.length > 0) ledger.book(account, this.booking(), -account.balance);
      }
      await this.ledgers.record(tx, ledger, []);
      await markGone(tx, memberId, orderedAt);
      await this.birthdays.forget(tx, memberId);
      await done(tx, ledger.entries.length + ledger.lotChanges.length + 1);
    });
  }

  private booking() {
    const entryId = uuidv7();
    const businessDate = this.clock.now().toISOString().slice(0, 10);
    return {
      entryId,
      kind: 'erasure',
      sourceId: entryId,
      storeId: undefined,
      businessDate,
      programmeVersion: 0,
      steps: [],
    } as const;
  }
}
