import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { makeDue } from './pending.store.js';

/** A member as the texts under which a till may have told it. */
export interface BecameKnown {
  readonly memberId: string;
  readonly number: string;
  readonly codeTokenSha256: Uint8Array;
}

/** Purchases that wait for their member (architecture: the purchase path, 6). */
@Injectable()
export class PendingService {
  /** Makes what waited for these members due at once. Safe to repeat. */
  async membersBecameKnown(tx: EntityManager, members: readonly BecameKnown[]): Promise<void> {
    await makeDue(
      tx,
      members.flatMap(({ memberId, number, codeTokenSha256 }) => [
        `id:${memberId}`,
        `number:${number}`,
        `token:${Buffer.from(codeTokenSha256).toString('hex')}`,
      ]),
    );
  }
}
