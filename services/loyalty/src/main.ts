import { ConfigurationServiceService } from '@regulars/contracts/call/v1/configuration';
import { AdjustmentServiceService } from '@regulars/contracts/loyalty/v1/adjustments';
import { CouponServiceService } from '@regulars/contracts/loyalty/v1/coupons';
import { PurchaseHistoryServiceService } from '@regulars/contracts/loyalty/v1/history';
import { HoldServiceService } from '@regulars/contracts/loyalty/v1/holds';
import { LiabilityServiceService } from '@regulars/contracts/loyalty/v1/liability';
import { OpeningServiceService } from '@regulars/contracts/loyalty/v1/openings';
import { PointsServiceService } from '@regulars/contracts/loyalty/v1/points';
import { ProgrammeServiceService } from '@regulars/contracts/loyalty/v1/programmes';
import { PurchaseServiceService } from '@regulars/contracts/loyalty/v1/purchases';
import { ReconciliationServiceService } from '@regulars/contracts/loyalty/v1/reconciliation';
import { RedemptionServiceService } from '@regulars/contracts/loyalty/v1/redemptions';
import { RewardServiceService } from '@regulars/contracts/loyalty/v1/rewards';
import { SimulationServiceService } from '@regulars/contracts/loyalty/v1/simulations';
import { TierServiceService } from '@regulars/contracts/loyalty/v1/tiers';
import { MemberDataServiceService } from '@regulars/contracts/privacy/v1/privacy';
import { bootService } from '@regulars/service';
import { migrations } from '../migrations/all.js';
import { loyaltySettings } from './loyalty.config.js';
import { LoyaltyModule } from './loyalty.module.js';

await bootService({
  name: 'loyalty',
  module: LoyaltyModule,
  settings: loyaltySettings,
  rpc: [
    ConfigurationServiceService,
    PurchaseServiceService,
    PointsServiceService,
    ProgrammeServiceService,
    RewardServiceService,
    RedemptionServiceService,
    SimulationServiceService,
    TierServiceService,
    CouponServiceService,
    AdjustmentServiceService,
    MemberDataServiceService,
    LiabilityServiceService,
    HoldServiceService,
    ReconciliationServiceService,
    PurchaseHistoryServiceService,
    OpeningServiceService,
  ],
  migrations,
});
