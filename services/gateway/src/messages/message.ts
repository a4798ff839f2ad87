import { type Message, MessageState } from '@regulars/contracts/notifications/v1/messages';
import { z } from 'zod';
import { id, language, pageQuery } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';

const states = wordsOf(MessageState);

export const messagesQuery = z.strictObject({ memberId: id, ...pageQuery });
export type MessagesQuery = z.output<typeof messagesQuery>;

const message = z
  .object({
    messageId: id,
    memberId: id,
    causeId: z.string(),
    template: z.string().meta({ examples: ['points-earned'] }),
    channel: z.string().meta({ examples: ['email'] }),
    language: language.optional(),
    state: states.schema,
    reason: z
      .string()
      .optional()
      .meta({ examples: ['NO_ADDRESS'] }),
    attempts: z.int(),
    possibleDuplicate: z.boolean(),
    createdAt: z.iso.datetime(),
    sentAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'Message' });
export const messagePage = z
  .object({ messages: z.array(message), nextCursor: z.string().optional() })
  .meta({ id: 'Messages' });

export function messageAnswer({ state, reason, language, ...rest }: Message) {
  return { ...rest, language: language || undefined, state: states.word(state), reason: reason || undefined };
}
