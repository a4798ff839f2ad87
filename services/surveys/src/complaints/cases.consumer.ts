import { Injectable } from '@nestjs/common';
import { CaseType } from '@regulars/contracts/complaints/v1/cases';
import { CaseOpened } from '@regulars/contracts/complaints/v1/cases_events';
import type { EventConsumer, ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { ComplaintsService } from './complaints.service.js';

/** Hears of complaints of members; praise, suggestions and inquiries keep nobody from being asked. */
@Injectable()
export class CasesConsumer implements EventConsumer {
  readonly topic = 'regulars.complaints.case.v1';
  readonly group = 'surveys';

  constructor(private readonly complaints: ComplaintsService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    const opened = events
      .filter(({ type }) => type === 'regulars.complaints.v1.CaseOpened')
      .map(({ payload }) => CaseOpened.fromJSON(payload));
    await this.complaints.remember(
      tx,
      opened.filter(({ type, memberId }) => type === CaseType.COMPLAINT && memberId !== ''),
    );
  }
}
