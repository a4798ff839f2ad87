import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type Recipient, RecipientsStore } from './recipients.store.js';

/** Who can be reached at all, as registration told. */
@Injectable()
export class RecipientsService {
  constructor(private readonly store: RecipientsStore) {}

  /** Remembers recipients in the caller's transaction. Safe to repeat. */
  async remember(tx: EntityManager, recipients: readonly Recipient[]): Promise<void> {
    if (recipients.length > 0) await this.store.keep(tx, recipients);
  }

  /** Who got or lost an address since registration, in the order in which it happened. */
  async change(tx: EntityManager, recipients: readonly Recipient[]): Promise<void> {
    const latest = new Map(recipients.map((recipient) => [recipient.memberId, recipient]));
    if (latest.size > 0) await this.store.replace(tx, [...latest.values()]);
  }
}
