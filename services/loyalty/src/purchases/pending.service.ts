import { Inject, Injectable } from '@nestjs/common';
import { type MemberReference, PendingReason } from '@regulars/contracts/loyalty/v1/purchases';
import { CLOCK, type Clock } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v4 as uuidv4 } from 'uuid';
import { Lanes } from '../lanes/lanes.service.js';
import { type IncomingKept, KeptPurchases } from './kept.service.js';
import { type DuePurchase, leaseDue, makeDue, postpone, releaseHeld } from './pending.store.js';
import type { StoredResult } from './result.js';

const MOST = 128;
const LEASE_MS = 30_000;

/** A member as the texts under which a till may have told it. */
export interface BecameKnown {
  readonly memberId: string;
  readonly number: string;
  readonly codeTokenSha256: Uint8Array;
}

/** Purchases that wait for their member (architecture: the purchase path, 6). */
@Injectable()
export class PendingService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly lanes: Lanes,
    private readonly kept: KeptPurchases,
  ) {}

  /** Makes what waited for these members due at once. Safe to repeat. */
  async membersBecameKnown(tx: EntityManager, members: readonly BecameKnown[]): Promise<void> {
    await makeDue(
      tx,
      members.flatMap(({ memberId, number, codeTokenSha256 }) => [
        `id:${memberId}`,
        `number:${number}`,
        `token:${Buffer.from(codeTokenSha256).toString('hex')}`,
      ]),
      this.clock.now(),
    );
  }

  /** Makes the purchase of a hold that a person released due at once, in the transaction that decides it. */
  async release(tx: EntityManager, purchaseId: string, released: Readonly<Record<string, number>>): Promise<void> {
    const result = { o: 'pending', id: purchaseId, why: PendingReason.RELEASED, released } satisfies StoredResult;
    await releaseHeld(tx, purchaseId, result, this.clock.now());
  }

  /** Credits what is due; what still has to wait becomes due later. Answers how many were tried. */
  async creditDue(): Promise<number> {
    const now = this.clock.now();
    const token = uuidv4();
    const due = await leaseDue(this.dataSource.manager, now, new Date(now.getTime() + LEASE_MS), token, MOST);
    if (due.length === 0) return 0;
    const deadlineMs = now.getTime() + LEASE_MS;
    const answers = await this.lanes.submit(
      this.kept,
      due.map((row) => ({ item: keptOf(row), laneKey: row.toldMember, deadlineMs, isOffline: true })),
    );
    const waiting = due.filter((_, index) => {
      const answer = answers?.[index];
      return answer?.outcome !== 'answered' || answer.result.o === 'pending';
    });
    await postpone(
      this.dataSource.manager,
      waiting.map(({ purchaseId }) => purchaseId),
      token,
      this.clock.now(),
    );
    return due.length;
  }
}

function keptOf({ storeId, tillId, businessDate, receiptNumber, toldMember }: DuePurchase): IncomingKept {
  const none = Buffer.alloc(0);
  return {
    caller: '',
    key: undefined,
    receipt: { storeId, tillId, businessDate, receiptNumber },
    reference: referenceOf(toldMember),
    content: { fingerprint: none, bodyFingerprint: none },
    claimedMinor: undefined,
  };
}

function referenceOf(told: string): MemberReference {
  const value = told.slice(told.indexOf(':') + 1);
  if (told.startsWith('id:')) return { by: { $case: 'memberId', value } };
  if (told.startsWith('number:')) return { by: { $case: 'number', value } };
  return { by: { $case: 'codeTokenSha256', value: Buffer.from(value, 'hex') } };
}
