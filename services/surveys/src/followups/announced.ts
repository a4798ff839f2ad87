import { FollowUpDue, FollowUpPlanned } from '@regulars/contracts/surveys/v1/followups_events';
import type { OutboxEvent } from '@regulars/messaging';

/** Key = member id. */
export const followUpTopic = 'regulars.surveys.followup.v1';

/** What the events tell of a follow-up. */
export interface ToldFollowUp {
  readonly followUpId: string;
  readonly memberId: string;
  readonly storeId: string;
  readonly purchaseId: string;
  readonly dueAt: Date;
}

export function followUpPlanned(eventId: string, followUp: ToldFollowUp, traceparent?: string): OutboxEvent {
  return {
    id: eventId,
    topic: followUpTopic,
    key: followUp.memberId,
    type: 'regulars.surveys.v1.FollowUpPlanned',
    payload: FollowUpPlanned.toJSON(FollowUpPlanned.fromPartial(followUp)) as object,
    ...(traceparent !== undefined && { traceparent }),
  };
}

export function followUpDue(eventId: string, followUp: ToldFollowUp): OutboxEvent {
  return {
    id: eventId,
    topic: followUpTopic,
    key: followUp.memberId,
    type: 'regulars.surveys.v1.FollowUpDue',
    payload: FollowUpDue.toJSON(FollowUpDue.fromPartial(followUp)) as object,
  };
}
