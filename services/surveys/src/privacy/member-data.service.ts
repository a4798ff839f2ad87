import { Injectable } from '@nestjs/common';
import { type MemberData, membersBehind } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { forgetMember, letLapse, recordsOf } from './member-data.store.js';

/** What surveys has of a member (requirement M6): when she is or was to be asked. */
@Injectable()
export class SurveysMemberData implements MemberData {
  constructor(private readonly dataSource: DataSource) {}

  async recordsOf(tx: EntityManager, memberId: string): Promise<object[]> {
    return recordsOf(tx, await membersBehind(tx, memberId));
  }

  /** Nobody asks her any more, and nothing tells that anybody did. */
  async erase(
    memberId: string,
    _orderedAt: Date,
    done: (tx: EntityManager, records: number) => Promise<void>,
  ): Promise<void> {
    await this.dataSource.transaction(async (tx) => done(tx, await forgetMember(tx, memberId)));
  }

  /** What was planned lapses: nobody asks her. */
  restrict(tx: EntityManager, memberId: string): Promise<number> {
    return letLapse(tx, memberId);
  }
}
