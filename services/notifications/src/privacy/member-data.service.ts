import { Injectable } from '@nestjs/common';
import type { MemberData } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { forgetMember, recordsOf } from './member-data.store.js';

/** What notifications has of a member (requirement M6): which messages she was sent; never their text. */
@Injectable()
export class NotificationsMemberData implements MemberData {
  constructor(private readonly dataSource: DataSource) {}

  recordsOf(tx: EntityManager, memberId: string): Promise<object[]> {
    return recordsOf(tx, memberId);
  }

  /** What waits is not sent; what was sent stays as a line without its numbers. */
  async erase(
    memberId: string,
    _orderedAt: Date,
    done: (tx: EntityManager, records: number) => Promise<void>,
  ): Promise<void> {
    await this.dataSource.transaction(async (tx) => done(tx, await forgetMember(tx, memberId)));
  }
}
