import { Module } from '@nestjs/common';
import { MessagingModule } from '@regulars/messaging';
import { MemberDataModule, MergesConsumer, memberDataConsumers, privacyTopics } from '@regulars/service';
import { CasesConsumer } from './messages/cases.consumer.js';
import { MailClient } from './messages/mail.client.js';
import { MembersClient } from './messages/members.client.js';
import { MembersConsumer } from './messages/members.consumer.js';
import { MessagesController } from './messages/messages.controller.js';
import { MessagesJob } from './messages/messages.job.js';
import { MessagesService } from './messages/messages.service.js';
import { MessagesStore } from './messages/messages.store.js';
import { messageTopic } from './messages/outcome.js';
import { PointsConsumer } from './messages/points.consumer.js';
import { NotificationsMemberData } from './privacy/member-data.service.js';
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
      topics: [{ name: messageTopic }, ...privacyTopics('notifications')],
      consumers: [
        CasesConsumer,
        MembersConsumer,
        PointsConsumer,
        RecipientsConsumer,
        StoresConsumer,
        ...memberDataConsumers,
        MergesConsumer,
      ],
    }),
    MemberDataModule.forRoot('notifications', NotificationsMemberData),
  ],
  controllers: [MessagesController],
  providers: [
    NotificationsMemberData,
    CasesConsumer,
    MembersConsumer,
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
