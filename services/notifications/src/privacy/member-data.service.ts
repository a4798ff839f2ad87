import { Injectable } from '@nestjs/common';
import { type MemberData, membersBehind } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { notOwed } from '../messages/templates.js';
import { forgetMember, recordsOf, withholdWaiting } from './member-data.store.js';

/** What notifications has of a member (requirement M6): which messages she was sent; never their text. */
@Injectable()
export class NotificationsMemberData implements MemberData {
  constructor(private readonly dataSource: DataSource) {}

  async recordsOf(tx: EntityManager, memberId: string): Promise<object[]> {
    return recordsOf(tx, await membersBehind(tx, memberId));
  }

  /** What waits is not sent; what was sent stays as a line without its numbers. */
  async erase(
    memberId: string,
    _orderedAt: Date,
    done: (tx: EntityManager, records: number) => Promise<void>,
  ): Promise<void> {
    await this.dataSource.transaction(async (tx) => done(tx, await forgetMember(tx, memberId)));
  }

  /** What waits and is not owed to her is not sent. */
  restrict(tx: EntityManager, memberId: string): Promise<number> {
    return withholdWaiting(tx, memberId, notOwed);
  }
}
