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
}
