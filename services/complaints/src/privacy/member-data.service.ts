import { Injectable } from '@nestjs/common';
import type { MemberData } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { CasesService } from '../cases/cases.service.js';

/** What complaints has of a member (requirement M6): her cases with her words. */
@Injectable()
export class ComplaintsMemberData implements MemberData {
  constructor(
    private readonly dataSource: DataSource,
    private readonly cases: CasesService,
  ) {}

  recordsOf(tx: EntityManager, memberId: string): Promise<object[]> {
    return this.cases.recordsOf(tx, memberId);
  }

  /** Destroys the keys of her words; the cases stay for the figures. */
  async erase(
    memberId: string,
    _orderedAt: Date,
    done: (tx: EntityManager, records: number) => Promise<void>,
  ): Promise<void> {
    await this.dataSource.transaction(async (tx) => done(tx, await this.cases.forgetWords(tx, memberId)));
  }
}
