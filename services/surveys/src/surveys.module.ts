import { Module } from '@nestjs/common';
import { MessagingModule } from '@regulars/messaging';
import { MemberDataModule, MergesConsumer, memberDataConsumers, privacyTopics } from '@regulars/service';
import { CasesConsumer } from './complaints/cases.consumer.js';
import { ComplaintsService } from './complaints/complaints.service.js';
import { ComplaintsStore } from './complaints/complaints.store.js';
import { followUpTopic } from './followups/announced.js';
import { FollowUpsController } from './followups/followups.controller.js';
import { FollowUpsJob } from './followups/followups.job.js';
import { FollowUpsService } from './followups/followups.service.js';
import { FollowUpsStore } from './followups/followups.store.js';
import { PointsConsumer } from './followups/points.consumer.js';
import { SurveysMemberData } from './privacy/member-data.service.js';
import { StoresConsumer } from './stores/stores.consumer.js';
import { StoresService } from './stores/stores.service.js';
import { StoresStore } from './stores/stores.store.js';

@Module({
  imports: [
    MessagingModule.forRoot({
      source: '/regulars/surveys',
      topics: [{ name: followUpTopic }, ...privacyTopics('surveys')],
      consumers: [CasesConsumer, PointsConsumer, StoresConsumer, ...memberDataConsumers, MergesConsumer],
    }),
    MemberDataModule.forRoot('surveys', SurveysMemberData),
  ],
  controllers: [FollowUpsController],
  providers: [
    SurveysMemberData,
    CasesConsumer,
    ComplaintsService,
    ComplaintsStore,
    FollowUpsJob,
    FollowUpsService,
    FollowUpsStore,
    PointsConsumer,
    StoresConsumer,
    StoresService,
    StoresStore,
  ],
})
export class SurveysModule {}
