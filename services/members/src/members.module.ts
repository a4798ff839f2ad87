import { Module } from '@nestjs/common';
import { MessagingModule } from '@regulars/messaging';
import { MemberDataModule, memberDataConsumers, privacyTopics } from '@regulars/service';
import { BirthdaysController } from './birthdays/birthdays.controller.js';
import { BirthdaysService } from './birthdays/birthdays.service.js';
import { DirectoryController } from './directory/directory.controller.js';
import { DirectoryService } from './directory/directory.service.js';
import { DuplicatesController } from './duplicates/duplicates.controller.js';
import { DuplicatesJob } from './duplicates/duplicates.job.js';
import { DuplicatesService } from './duplicates/duplicates.service.js';
import { ForgettingJob } from './forgetting.job.js';
import { ImportsController } from './imports/imports.controller.js';
import { ImportsJob } from './imports/imports.job.js';
import { ImportsService } from './imports/imports.service.js';
import { ReadingService } from './imports/reading.service.js';
import { AccessController } from './members/access.controller.js';
import { ContactsService } from './members/contacts.service.js';
import { IndexingJob } from './members/indexing.job.js';
import { IndexingService } from './members/indexing.service.js';
import { MembersController } from './members/members.controller.js';
import { memberTopic } from './members/members.js';
import { MembersService } from './members/members.service.js';
import { RegistrationService } from './members/registration.service.js';
import { MergesBookedConsumer } from './merges/booked.consumer.js';
import { MergesController } from './merges/merges.controller.js';
import { MergesService } from './merges/merges.service.js';
import { ParticularsController } from './particulars/particulars.controller.js';
import { ParticularsService } from './particulars/particulars.service.js';
import { AccessLogService } from './privacy/access-log.service.js';
import { AccessSealsJob } from './privacy/access-seals.job.js';
import { AccessSealsService } from './privacy/access-seals.service.js';
import { KeysJob } from './privacy/keys.job.js';
import { KeysService } from './privacy/keys.service.js';
import { VaultService } from './privacy/vault.service.js';
import { answersConsumers } from './privacy-requests/answers.consumer.js';
import { OwnMemberData } from './privacy-requests/member-data.service.js';
import { PrivacyRequestsController } from './privacy-requests/privacy-requests.controller.js';
import { PrivacyRequestsService } from './privacy-requests/privacy-requests.service.js';
import { RepublishOps } from './republish.ops.js';
import { TiersConsumer } from './tiers/tiers.consumer.js';
import { TiersService } from './tiers/tiers.service.js';
import { VerificationController } from './verification/verification.controller.js';
import { VerificationService } from './verification/verification.service.js';
import { HistoryClient } from './visits/history.client.js';
import { PointsConsumer } from './visits/points.consumer.js';
import { VisitsController } from './visits/visits.controller.js';
import { VisitsService } from './visits/visits.service.js';

@Module({
  imports: [
    MessagingModule.forRoot({
      source: '/regulars/members',
      topics: [{ name: memberTopic }, ...privacyTopics('members')],
      consumers: [...memberDataConsumers, PointsConsumer, TiersConsumer, MergesBookedConsumer, ...answersConsumers],
    }),
    MemberDataModule.forRoot('members', OwnMemberData),
  ],
  controllers: [
    MembersController,
    BirthdaysController,
    AccessController,
    DirectoryController,
    DuplicatesController,
    MergesController,
    ParticularsController,
    VerificationController,
    PrivacyRequestsController,
    VisitsController,
    ImportsController,
  ],
  providers: [
    VaultService,
    KeysService,
    KeysJob,
    AccessLogService,
    AccessSealsService,
    AccessSealsJob,
    MembersService,
    RegistrationService,
    IndexingService,
    IndexingJob,
    ContactsService,
    BirthdaysService,
    VerificationService,
    DirectoryService,
    DuplicatesService,
    DuplicatesJob,
    MergesService,
    MergesBookedConsumer,
    ParticularsService,
    RepublishOps,
    ForgettingJob,
    PrivacyRequestsService,
    OwnMemberData,
    HistoryClient,
    VisitsService,
    TiersService,
    TiersConsumer,
    ImportsService,
    ReadingService,
    ImportsJob,
    PointsConsumer,
    ...answersConsumers,
  ],
})
export class MembersModule {}
