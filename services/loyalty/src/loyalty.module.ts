import { Module } from '@nestjs/common';
import { MessagingModule } from '@regulars/messaging';
import { ConfigurationController, MemberDataModule, memberDataConsumers, privacyTopics } from '@regulars/service';
import { AdjustmentsController } from './adjustments/adjustments.controller.js';
import { AdjustmentsService } from './adjustments/adjustments.service.js';
import { BirthdayDays } from './birthdays/birthday-days.service.js';
import { birthdayTopic } from './birthdays/birthday-events.js';
import { BirthdaysJob } from './birthdays/birthdays.job.js';
import { BirthdaysService } from './birthdays/birthdays.service.js';
import { MembersClient } from './birthdays/members.client.js';
import { BookService } from './book/book.service.js';
import { CouponUses } from './coupons/coupon-uses.service.js';
import { CouponVoids } from './coupons/coupon-voids.service.js';
import { CouponsController } from './coupons/coupons.controller.js';
import { CouponsJob } from './coupons/coupons.job.js';
import { CouponsService } from './coupons/coupons.service.js';
import { couponsTopic } from './coupons/coupons-topic.js';
import { ExpiryJob } from './expiry/expiry.job.js';
import { ExpiryService } from './expiry/expiry.service.js';
import { HistoryController } from './history/history.controller.js';
import { HistoryService } from './history/history.service.js';
import { holdsTopic } from './holds/hold-events.js';
import { HoldsController } from './holds/holds.controller.js';
import { HoldsService } from './holds/holds.service.js';
import { WatchJob } from './holds/watch.job.js';
import { WatchService } from './holds/watch.service.js';
import { Lanes } from './lanes/lanes.service.js';
import { LiabilityController } from './liability/liability.controller.js';
import { LiabilityService } from './liability/liability.service.js';
import { MembersConsumer } from './members/members.consumer.js';
import { MembersService } from './members/members.service.js';
import { mergeTopic } from './merges/merge-events.js';
import { MergesJob } from './merges/merges.job.js';
import { MergesService } from './merges/merges.service.js';
import { OpeningBooking } from './openings/booking.service.js';
import { ImportedMembers } from './openings/imported.client.js';
import { OpeningsController } from './openings/openings.controller.js';
import { OpeningsJob } from './openings/openings.job.js';
import { OpeningsService } from './openings/openings.service.js';
import { OpeningReading } from './openings/reading.service.js';
import { Payments } from './payments/payments.service.js';
import { HeldLedgers } from './points/held-ledgers.service.js';
import { LedgerService } from './points/ledger.service.js';
import { PointsController } from './points/points.controller.js';
import { PointsService } from './points/points.service.js';
import { pointsTopic } from './points/points-topic.js';
import { LoyaltyMemberData } from './privacy/member-data.service.js';
import { ProgrammesController } from './programmes/programmes.controller.js';
import { ProgrammesService } from './programmes/programmes.service.js';
import { KeptPurchases } from './purchases/kept.service.js';
import { MonthsJob } from './purchases/months.job.js';
import { MonthsService } from './purchases/months.service.js';
import { PendingJob } from './purchases/pending.job.js';
import { PendingService } from './purchases/pending.service.js';
import { Postings } from './purchases/postings.service.js';
import { PurchasesController } from './purchases/purchases.controller.js';
import { PurchasesService } from './purchases/purchases.service.js';
import { ReceiptsService } from './receipts/receipts.service.js';
import { ConflictsService } from './reconciliation/conflicts.service.js';
import { ReconciliationController } from './reconciliation/reconciliation.controller.js';
import { ReportsJob } from './reconciliation/reports.job.js';
import { StoreDaysService } from './reconciliation/store-days.service.js';
import { RedemptionsController } from './redemptions/redemptions.controller.js';
import { RedemptionsJob } from './redemptions/redemptions.job.js';
import { RedemptionsService } from './redemptions/redemptions.service.js';
import { RefundBatches } from './refunds/refund-batches.service.js';
import { RefundsJob } from './refunds/refunds.job.js';
import { RefundsService } from './refunds/refunds.service.js';
import { RewardsController } from './rewards/rewards.controller.js';
import { RewardsService } from './rewards/rewards.service.js';
import { BacktestsJob } from './simulations/backtests.job.js';
import { BacktestsService } from './simulations/backtests.service.js';
import { SimulationsController } from './simulations/simulations.controller.js';
import { SimulationsService } from './simulations/simulations.service.js';
import { StoresConsumer } from './stores/stores.consumer.js';
import { StoresService } from './stores/stores.service.js';
import { TillsConsumer } from './stores/tills.consumer.js';
import { StandingsService } from './tiers/standings.service.js';
import { tierTopic } from './tiers/tier-events.js';
import { TiersController } from './tiers/tiers.controller.js';
import { TiersJob } from './tiers/tiers.job.js';
import { TiersService } from './tiers/tiers.service.js';

/** Loyalty: programmes, purchases, points and tiers. */
@Module({
  imports: [
    MessagingModule.forRoot({
      source: '/regulars/loyalty',
      topics: [
        ...[pointsTopic, tierTopic, couponsTopic, birthdayTopic, mergeTopic, holdsTopic].map((name) => ({ name })),
        ...privacyTopics('loyalty'),
      ],
      consumers: [StoresConsumer, TillsConsumer, MembersConsumer, ...memberDataConsumers],
    }),
    MemberDataModule.forRoot('loyalty', LoyaltyMemberData),
  ],
  controllers: [
    ConfigurationController,
    PurchasesController,
    PointsController,
    ProgrammesController,
    RewardsController,
    RedemptionsController,
    SimulationsController,
    TiersController,
    CouponsController,
    AdjustmentsController,
    LiabilityController,
    HoldsController,
    ReconciliationController,
    HistoryController,
    OpeningsController,
  ],
  providers: [
    LoyaltyMemberData,
    MembersClient,
    BirthdayDays,
    BirthdaysService,
    BirthdaysJob,
    ProgrammesService,
    SimulationsService,
    StandingsService,
    WatchService,
    WatchJob,
    HoldsService,
    StoreDaysService,
    ConflictsService,
    ReportsJob,
    BacktestsService,
    BacktestsJob,
    LiabilityService,
    TiersService,
    TiersJob,
    ExpiryService,
    ExpiryJob,
    StoresService,
    BookService,
    Lanes,
    Postings,
    PurchasesService,
    PendingService,
    PendingJob,
    KeptPurchases,
    Payments,
    RefundBatches,
    RefundsService,
    RefundsJob,
    LedgerService,
    HeldLedgers,
    RewardsService,
    RedemptionsService,
    RedemptionsJob,
    CouponsService,
    CouponUses,
    CouponVoids,
    CouponsJob,
    AdjustmentsService,
    ReceiptsService,
    MonthsService,
    MonthsJob,
    PointsService,
    HistoryService,
    MembersService,
    MergesService,
    MergesJob,
    OpeningsService,
    OpeningBooking,
    OpeningReading,
    OpeningsJob,
    ImportedMembers,
    StoresConsumer,
    TillsConsumer,
    MembersConsumer,
  ],
})
export class LoyaltyModule {}
