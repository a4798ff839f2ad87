import type { Case } from '@regulars/contracts/complaints/v1/cases';
import { CaseOpened } from '@regulars/contracts/complaints/v1/cases_events';
import type { OutboxEvent } from '@regulars/messaging';

/** Key = case id. */
export const caseTopic = 'regulars.complaints.case.v1';

/** The event that tells of a new case; none of the guest's words go with it. */
export function caseOpened(eventId: string, opened: Case, traceparent: string | undefined): OutboxEvent {
  return {
    id: eventId,
    topic: caseTopic,
    key: opened.caseId,
    type: 'regulars.complaints.v1.CaseOpened',
    payload: CaseOpened.toJSON(CaseOpened.fromPartial(opened)) as object,
    subject: opened.number,
    ...(traceparent !== undefined && { traceparent }),
  };
}
