import type { Migrations } from '@regulars/service';
import { Reference0000000000001 } from './0001-reference.js';
import { Ledger0000000000002 } from './0002-ledger.js';
import { Purchases0000000000003 } from './0003-purchases.js';
import { Standings0000000000010 } from './0010-standings.js';
import { Backtests0000000000011 } from './0011-backtests.js';
import { Redemptions0000000000020 } from './0020-redemptions.js';
import { Coupons0000000000021 } from './0021-coupons.js';
import { Adjustments0000000000022 } from './0022-adjustments.js';
import { ConfigurationLog0000000000030 } from './0030-configuration-log.js';
import { MemberDataOrders } from './0040-member-data-orders.js';
import { Restrictions } from './0041-restrictions.js';
import { FraudHolds0000000000050 } from './0050-fraud-holds.js';
import { Reconciliation0000000000051 } from './0051-reconciliation.js';
import { Birthdays0000000000060 } from './0060-birthdays.js';
import { CouponVoids0000000000061 } from './0061-coupon-voids.js';
import { Merges0000000000070 } from './0070-merges.js';
import { RefundsOfPurchase0000000000071 } from './0071-refunds-of-purchase.js';
import { MadeGoodLots0000000000080 } from './0080-made-good-lots.js';
import { Openings0000000000081 } from './0081-openings.js';
import { OutboxOrder } from './0100-outbox-order.js';

/** Oldest first. */
export const migrations: Migrations = [
  Reference0000000000001,
  Ledger0000000000002,
  Purchases0000000000003,
  Standings0000000000010,
  Backtests0000000000011,
  Redemptions0000000000020,
  Coupons0000000000021,
  Adjustments0000000000022,
  ConfigurationLog0000000000030,
  MemberDataOrders,
  Restrictions,
  FraudHolds0000000000050,
  Reconciliation0000000000051,
  Birthdays0000000000060,
  CouponVoids0000000000061,
  Merges0000000000070,
  RefundsOfPurchase0000000000071,
  MadeGoodLots0000000000080,
  Openings0000000000081,
  OutboxOrder,
];
