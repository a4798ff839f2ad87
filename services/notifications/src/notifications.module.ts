import { Module } from '@nestjs/common';
import { MessagingModule } from '@regulars/messaging';
import { CasesConsumer } from './messages/cases.consumer.js';
import { CodesConsumer } from './messages/codes.consumer.js';
import { MailClient } from './messages/mail.client.js';
import { MembersClient } from './messages/members.client.js';
import { MessagesController } from './messages/messages.controller.js';
import { MessagesJob } from './messages/messages.job.js';
import { MessagesService } from './messages/messages.service.js';
import { MessagesStore } from './messages/messages.store.js';
import { messageTopic } from './messages/outcome.js';
import { PointsConsumer } from './messages/points.consumer.js';
import { RecipientsConsumer } from './recipients/recipients.consumer.js';
import { RecipientsService } from './recipients/recipients.service.js';
import { RecipientsStore } from './recipients/recipients.store.js';
import { StoresConsumer } from './stores/stores.consumer.js';
import { StoresService } from './stores/stores.service.js';
import { StoresStore } from './stores/stores.store.js';

@Module({
  imports: [
    MessagingModule.forRoot({
      source: '/regulars/notifications',
      topics: [{ name: messageTopic }],
      consumers: [CasesConsumer, CodesConsumer, PointsConsumer, RecipientsConsumer, StoresConsumer],
    }),
  ],
  controllers: [MessagesController],
  providers: [
    CasesConsumer,
    CodesConsumer,
    MailClient,
    MembersClient,
    MessagesJob,
    MessagesService,
    MessagesStore,
    PointsConsumer,
    RecipientsConsumer,
    RecipientsService,
    RecipientsStore,
    StoresConsumer,
    StoresService,
    StoresStore,
  ],
})
export class NotificationsModule {}
