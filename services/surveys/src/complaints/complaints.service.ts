import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ComplaintsStore, type OpenComplaint } from './complaints.store.js';

/** Which members have an open complaint, as complaints told. */
@Injectable()
export class ComplaintsService {
  constructor(private readonly store: ComplaintsStore) {}

  /** Remembers complaints in the caller's transaction. Safe to repeat. */
  remember(tx: EntityManager, complaints: readonly OpenComplaint[]): Promise<void> {
    return this.store.insert(tx, complaints);
  }

  /** Those of the members who have an open complaint. */
  async complaining(tx: EntityManager, memberIds: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(await this.store.membersAmong(tx, memberIds));
  }
}
