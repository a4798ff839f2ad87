import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import { Call } from '../access/call.guard.js';
import { pageRequest } from '../edge/fields.js';
import { Documented } from '../edge/reference.config.js';
import { Owners } from '../owners.client.js';
import { type MessagesQuery, messageAnswer, messagePage, messagesQuery } from './message.js';

/** What was sent to a member (requirement N6): no addresses, no texts. */
@ApiTags('messages')
@Controller('v1/messages')
export class MessagesController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get()
  @Documented({ summary: 'List messages of a member, newest first', answers: { 200: messagePage } })
  async listMessages(@Query({ schema: messagesQuery }) query: MessagesQuery, @Call() call: CallOptions) {
    const request = { memberId: query.memberId, page: pageRequest(query) };
    const { messages, nextCursor } = await this.owners.messages.listMessages(request, call);
    return { messages: messages.map(messageAnswer), nextCursor: nextCursor || undefined };
  }
}
