import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** Whether a member has an e-mail address, not which. */
export interface Recipient {
  readonly memberId: string;
  readonly hasEmail: boolean;
}

@Injectable()
export class RecipientsStore {
  /** Keeps what registrations told; what is known already stays. */
  async keep(tx: EntityManager, recipients: readonly Recipient[]): Promise<void> {
    await tx.query(
      `INSERT INTO recipient (member_id, has_email) SELECT * FROM unnest($1::uuid[], $2::boolean[])
       ON CONFLICT (member_id) DO NOTHING`,
      [recipients.map(({ memberId }) => memberId), recipients.map(({ hasEmail }) => hasEmail)],
    );
  }

  /** Keeps what changed since. */
  async replace(tx: EntityManager, recipients: readonly Recipient[]): Promise<void> {
    await tx.query(
      `INSERT INTO recipient (member_id, has_email) SELECT * FROM unnest($1::uuid[], $2::boolean[])
       ON CONFLICT (member_id) DO UPDATE SET has_email = excluded.has_email`,
      [recipients.map(({ memberId }) => memberId), recipients.map(({ hasEmail }) => hasEmail)],
    );
  }
}
