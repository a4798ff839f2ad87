import { Module } from '@nestjs/common';
import { MessagingModule } from '@regulars/messaging';
import { MemberDataModule, MergesConsumer, memberDataConsumers, privacyTopics } from '@regulars/service';
import { CasesController } from './cases/cases.controller.js';
import { CasesService } from './cases/cases.service.js';
import { CasesStore } from './cases/cases.store.js';
import { caseTopic } from './cases/opened.js';
import { ComplaintsMemberData } from './privacy/member-data.service.js';
import { StoresConsumer } from './stores/stores.consumer.js';
import { StoresService } from './stores/stores.service.js';
import { StoresStore } from './stores/stores.store.js';

@Module({
  imports: [
    MessagingModule.forRoot({
      source: '/regulars/complaints',
      topics: [{ name: caseTopic }, ...privacyTopics('complaints')],
      consumers: [StoresConsumer, ...memberDataConsumers, MergesConsumer],
    }),
    MemberDataModule.forRoot('complaints', ComplaintsMemberData),
  ],
  controllers: [CasesController],
  providers: [ComplaintsMemberData, CasesService, CasesStore, StoresConsumer, StoresService, StoresStore],
})
export class ComplaintsModule {}
