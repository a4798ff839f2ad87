import { Controller } from '@nestjs/common';
import {
  type ListMessagesRequest,
  type ListMessagesResponse,
  type Message,
  MessageServiceService,
  MessageState,
} from '@regulars/contracts/notifications/v1/messages';
import { pageOf, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { validate as isUuid } from 'uuid';
import { type ListedMessage, MessagesService } from './messages.service.js';

@Controller()
@RpcController(MessageServiceService)
export class MessagesController implements RpcHandlers<typeof MessageServiceService> {
  constructor(private readonly messages: MessagesService) {}

  async listMessages(request: ListMessagesRequest): Promise<ListMessagesResponse> {
    const page = pageOf(request.page);
    const isOurs = page && (!page.after || isUuid(page.after[0]));
    const faults = [
      ...(isUuid(request.memberId) ? [] : [{ pointer: '/memberId', message: 'a UUID' }]),
      ...(isOurs ? [] : [{ pointer: '/page/cursor', message: 'not one of ours' }]),
    ];
    if (!page || faults.length > 0) throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults });
    const { messages, nextCursor } = await this.messages.list(request.memberId, page);
    return { messages: messages.map(answered), nextCursor };
  }
}

function answered(message: ListedMessage): Message {
  const isGivenUp = message.state === 'FAILED' || message.state === 'SUPPRESSED';
  return {
    ...message,
    state: MessageState[message.state],
    language: message.language ?? '',
    reason: isGivenUp ? (message.reason ?? '') : '',
    sentAt: message.sentAt ?? undefined,
  };
}
