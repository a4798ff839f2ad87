import { MessageNotSent, MessageSent } from '@regulars/contracts/notifications/v1/messages_events';
import type { OutboxEvent } from '@regulars/messaging';
import type { Verdict } from './delivery.js';

/** Key = member id. */
export const messageTopic = 'regulars.notifications.message.v1';

/** What the events tell of a message. */
export interface ToldMessage {
  readonly messageId: string;
  readonly memberId: string;
  readonly causeId: string;
  readonly template: string;
  readonly channel: string;
}

/**
 * The event that tells how a message ended; undefined while it has not, and for somebody without an address: that is no
 * news, and nine of ten purchases would tell it.
 */
export function messageEnded(
  eventId: string,
  message: ToldMessage,
  verdict: Verdict,
  now: Date,
): OutboxEvent | undefined {
  const around = { id: eventId, topic: messageTopic, key: message.memberId };
  switch (verdict.state) {
    case 'WAITING':
      return undefined;
    case 'SENT':
      return {
        ...around,
        type: 'regulars.notifications.v1.MessageSent',
        payload: MessageSent.toJSON(MessageSent.fromPartial({ ...message, sentAt: now })) as object,
      };
    case 'FAILED':
    case 'SUPPRESSED':
      if (verdict.reason === 'NO_ADDRESS') return undefined;
      return {
        ...around,
        type: 'regulars.notifications.v1.MessageNotSent',
        payload: MessageNotSent.toJSON(
          MessageNotSent.fromPartial({ ...message, reason: verdict.reason ?? '' }),
        ) as object,
      };
  }
}
