import { type DynamicModule, Module } from '@nestjs/common';
import { PrincipalSigner, SETTINGS } from '@regulars/service';
import type { Logger } from 'pino';
import { AccessGuard } from './access/access.guard.js';
import { CHAIN_LOG, ChainConsumer } from './access/chain.consumer.js';
import { Chain } from './access/chain.service.js';
import { KeyUsesJob } from './access/key-uses.job.js';
import { MemberTokens } from './access/member-tokens.client.js';
import { Tokens } from './access/tokens.client.js';
import { AccessesController } from './accesses/accesses.controller.js';
import { SealsController } from './accesses/seals.controller.js';
import { AdjustmentsController } from './adjustments/adjustments.controller.js';
import { CasesController } from './cases/cases.controller.js';
import { ChangesController } from './configuration/changes.controller.js';
import { CodesClient } from './coupons/codes.client.js';
import { CouponUsesController } from './coupons/coupon-uses.controller.js';
import { CouponVoidsController } from './coupons/coupon-voids.controller.js';
import { CouponsController } from './coupons/coupons.controller.js';
import { DirectoryController } from './directory/directory.controller.js';
import { DuplicatesController } from './duplicates/duplicates.controller.js';
import { ProblemAnswers } from './edge/problems.guard.js';
import { FollowUpsController } from './followups/followups.controller.js';
import { type GatewaySettings, LOG } from './gateway.config.js';
import { HoldsController } from './holds/holds.controller.js';
import { ImportsController } from './imports/imports.controller.js';
import { LiabilityController } from './liability/liability.controller.js';
import { LimitsJob } from './limits/limits.job.js';
import { Limits } from './limits/limits.service.js';
import { MembersController } from './members/members.controller.js';
import { MergesController, MergesOfMemberController } from './merges/merges.controller.js';
import { MessagesController } from './messages/messages.controller.js';
import { OpeningsController } from './openings/openings.controller.js';
import { Owners } from './owners.client.js';
import { ParticularsController } from './particulars/particulars.controller.js';
import { PointsClient } from './points/points.client.js';
import { EntriesController, PointsController } from './points/points.controller.js';
import { PrioritiesController } from './priorities/priorities.controller.js';
import { MemberDataClient } from './privacy/member-data.client.js';
import { PrivacyController } from './privacy/privacy.controller.js';
import { ProfileClient } from './profile/profile.client.js';
import { ProfileController } from './profile/profile.controller.js';
import { ProgrammesController } from './programmes/programmes.controller.js';
import { BatchController } from './purchases/batch.controller.js';
import { MobilesClient } from './purchases/mobiles.client.js';
import { PurchasesClient } from './purchases/purchases.client.js';
import { PurchasesController } from './purchases/purchases.controller.js';
import { PurchasesService } from './purchases/purchases.service.js';
import { ReconciliationController } from './reconciliation/reconciliation.controller.js';
import { Counters } from './redemptions/counters.service.js';
import { RedemptionsController } from './redemptions/redemptions.controller.js';
import { RewardsController } from './rewards/rewards.controller.js';
import { OwnBenefitsController } from './self-service/own-benefits.controller.js';
import { OwnCasesController } from './self-service/own-cases.controller.js';
import { OwnContactsController } from './self-service/own-contacts.controller.js';
import { OwnDataController } from './self-service/own-data.controller.js';
import { OwnPointsController } from './self-service/own-points.controller.js';
import { OwnRecordController } from './self-service/own-record.controller.js';
import { SignInController } from './self-service/sign-in.controller.js';
import { SimulationsController } from './simulations/simulations.controller.js';
import { StoresController } from './stores/stores.controller.js';
import { TiersController } from './tiers/tiers.controller.js';
import { VerificationController } from './verification/verification.controller.js';
import { VisitsController } from './visits/visits.controller.js';

/** Wiring of the gateway. */
@Module({})
export class GatewayModule {
  static with(settings: GatewaySettings, log: Logger): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [
        StoresController,
        ChangesController,
        ProgrammesController,
        DirectoryController,
        DuplicatesController,
        MergesController,
        MergesOfMemberController,
        SimulationsController,
        LiabilityController,
        TiersController,
        PrioritiesController,
        MembersController,
        VisitsController,
        ImportsController,
        OpeningsController,
        ProfileController,
        VerificationController,
        SignInController,
        OwnRecordController,
        OwnDataController,
        OwnContactsController,
        OwnPointsController,
        OwnBenefitsController,
        OwnCasesController,
        PrivacyController,
        AccessesController,
        SealsController,
        ParticularsController,
        PurchasesController,
        BatchController,
        PointsController,
        EntriesController,
        RewardsController,
        RedemptionsController,
        CouponsController,
        CouponUsesController,
        CouponVoidsController,
        AdjustmentsController,
        HoldsController,
        ReconciliationController,
        MessagesController,
        CasesController,
        FollowUpsController,
      ],
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: PrincipalSigner, useFactory: () => PrincipalSigner.fromJwk(settings.PRINCIPAL_PRIVATE_KEY) },
        { provide: LOG, useValue: log },
        { provide: ProblemAnswers, useValue: new ProblemAnswers(log) },
        {
          provide: CHAIN_LOG,
          useValue: {
            info: (message: string, fields = {}) => log.info(fields, message),
            warn: (message: string, fields = {}) => log.warn(fields, message),
            error: (message: string, fields = {}) => log.error(fields, message),
          },
        },
        Owners,
        Chain,
        ChainConsumer,
        KeyUsesJob,
        Limits,
        LimitsJob,
        Tokens,
        MemberTokens,
        MemberDataClient,
        AccessGuard,
        PurchasesClient,
        PointsClient,
        PurchasesService,
        MobilesClient,
        Counters,
        ProfileClient,
        CodesClient,
      ],
    };
  }
}
