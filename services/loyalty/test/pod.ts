import { Logger } from '@nestjs/common';
import type { ProgrammeTerms } from '@regulars/contracts/loyalty/v1/programmes';
import type {
  PostPurchaseResult,
  Purchase,
  Receipt,
  Refund,
  RefundPurchaseResult,
} from '@regulars/contracts/loyalty/v1/purchases';
import { Outbox } from '@regulars/messaging';
import { type Clock, dataSourceOptions, migrate, type ServiceSettings } from '@regulars/service';
import { type TestDatabase, testDatabase } from '@regulars/testing';
import { DataSource } from 'typeorm';
import { migrations } from '../migrations/all.js';
import { AdjustmentsService } from '../src/adjustments/adjustments.service.js';
import { BirthdayDays } from '../src/birthdays/birthday-days.service.js';
import { BirthdaysService } from '../src/birthdays/birthdays.service.js';
import { MembersClient } from '../src/birthdays/members.client.js';
import { BookService } from '../src/book/book.service.js';
import { CouponUses } from '../src/coupons/coupon-uses.service.js';
import { CouponVoids } from '../src/coupons/coupon-voids.service.js';
import { CouponsService } from '../src/coupons/coupons.service.js';
import { ExpiryService } from '../src/expiry/expiry.service.js';
import { HoldsService } from '../src/holds/holds.service.js';
import { WatchService } from '../src/holds/watch.service.js';
import { Lanes } from '../src/lanes/lanes.service.js';
import { LiabilityService } from '../src/liability/liability.service.js';
import { MembersService } from '../src/members/members.service.js';
import { MergesService } from '../src/merges/merges.service.js';
import { OpeningBooking } from '../src/openings/booking.service.js';
import { ImportedMembers } from '../src/openings/imported.client.js';
import { OpeningsService } from '../src/openings/openings.service.js';
import { OpeningReading } from '../src/openings/reading.service.js';
import { Payments } from '../src/payments/payments.service.js';
import { HeldLedgers } from '../src/points/held-ledgers.service.js';
import { LedgerService } from '../src/points/ledger.service.js';
import { PointsService } from '../src/points/points.service.js';
import { ProgrammesService } from '../src/programmes/programmes.service.js';
import { contentOf, toldMember } from '../src/purchases/content.js';
import { KeptPurchases } from '../src/purchases/kept.service.js';
import { PendingService } from '../src/purchases/pending.service.js';
import { type Incoming, Postings } from '../src/purchases/postings.service.js';
import { PurchasesService } from '../src/purchases/purchases.service.js';
import { receiptKey } from '../src/receipts/receipt.js';
import { ReceiptsService } from '../src/receipts/receipts.service.js';
import { ConflictsService } from '../src/reconciliation/conflicts.service.js';
import { StoreDaysService } from '../src/reconciliation/store-days.service.js';
import { RedemptionsService } from '../src/redemptions/redemptions.service.js';
import { RefundBatches } from '../src/refunds/refund-batches.service.js';
import { refundContentOf } from '../src/refunds/refund-receipt.js';
import { RefundsService } from '../src/refunds/refunds.service.js';
import { RewardsService } from '../src/rewards/rewards.service.js';
import { BacktestsService } from '../src/simulations/backtests.service.js';
import { StoresService } from '../src/stores/stores.service.js';
import { StandingsService } from '../src/tiers/standings.service.js';
import { TiersService } from '../src/tiers/tiers.service.js';
import type { TestMember, TestStore } from './chain.js';

/** The services of one process, wired by hand, on a database that other pods may share. */
export class Pod {
  readonly programmes: ProgrammesService;
  readonly stores = new StoresService();
  readonly points: PointsService;
  readonly pending: PendingService;
  readonly members: MembersService;
  readonly purchases: PurchasesService;
  readonly refunds: RefundsService;
  readonly receipts: ReceiptsService;
  readonly expiry: ExpiryService;
  readonly tiers: TiersService;
  readonly liability: LiabilityService;
  readonly backtests: BacktestsService;
  readonly rewards: RewardsService;
  readonly redemptions: RedemptionsService;
  readonly coupons: CouponsService;
  readonly couponUses: CouponUses;
  readonly couponVoids: CouponVoids;
  readonly adjustments: AdjustmentsService;
  readonly merges: MergesService;
  readonly birthdays: BirthdaysService;
  readonly openings: OpeningsService;
  readonly openingReading: OpeningReading;
  readonly holds: HoldsService;
  readonly storeDays: StoreDaysService;
  readonly conflicts: ConflictsService;
  private readonly lanes: Lanes;

  private constructor(
    readonly dataSource: DataSource,
    databaseUrl: string,
    clock: Clock,
    lanes: number,
    members: MembersClient | undefined,
    imported: ImportedMembers,
  ) {
    this.programmes = new ProgrammesService(dataSource, clock);
    const books = new BookService(dataSource, clock, this.programmes, this.stores);
    const standings = new StandingsService();
    const ledger = new LedgerService(standings);
    this.receipts = new ReceiptsService();
    const { receipts } = this;
    const outbox = new Outbox();
    this.lanes = new Lanes({ LANES: lanes, LANE_QUEUE: 2_048, DATABASE_URL: databaseUrl }, clock);
    const watches = new WatchService(dataSource, clock);
    const kept = new KeptPurchases(books, ledger, receipts, outbox, standings, watches, new BirthdayDays(), clock);
    this.points = new PointsService(dataSource, clock, books);
    this.pending = new PendingService(dataSource, clock, this.lanes, kept);
    this.storeDays = new StoreDaysService(dataSource, clock, books);
    this.conflicts = new ConflictsService(dataSource, clock);
    this.holds = new HoldsService(dataSource, clock, this.pending);
    const ledgers = new HeldLedgers(dataSource, ledger, outbox);
    this.coupons = new CouponsService(dataSource, clock, books, this.points);
    const asked = members ?? new MembersClient({ MEMBERS_ADDR: undefined }, undefined);
    this.birthdays = new BirthdaysService(dataSource, clock, books, ledgers, this.coupons, asked);
    this.expiry = new ExpiryService(dataSource, clock, books, ledgers);
    this.tiers = new TiersService(dataSource, clock, books, ledgers, this.points, standings);
    this.merges = new MergesService(dataSource, clock, books, ledgers, this.tiers);
    this.members = new MembersService(this.pending, this.merges, this.birthdays);
    this.openings = new OpeningsService(dataSource, clock, books);
    const booking = new OpeningBooking(clock, ledgers, this.tiers);
    this.openingReading = new OpeningReading(dataSource, clock, books, booking, imported);
    this.liability = new LiabilityService(dataSource, clock, books);
    this.backtests = new BacktestsService(dataSource, clock, this.programmes, books);
    this.rewards = new RewardsService(dataSource, clock);
    this.redemptions = new RedemptionsService(dataSource, clock, books, ledgers, this.points, this.rewards, receipts);
    const settings = { ADJUSTMENT_LIMIT: 500 };
    this.adjustments = new AdjustmentsService(dataSource, clock, settings, books, ledgers);
    this.couponVoids = new CouponVoids(dataSource, clock, ledgers);
    const postings = new Postings(books, ledger, receipts, outbox, standings, watches, new BirthdayDays(), clock);
    this.couponUses = new CouponUses(dataSource, clock, books, ledgers, this.points, receipts);
    this.purchases = new PurchasesService(this.lanes, postings, kept);
    this.refunds = new RefundsService(
      dataSource,
      clock,
      this.lanes,
      new RefundBatches(books, ledger, receipts, new Payments(), watches, outbox, clock),
    );
  }

  static async start(
    databaseUrl: string,
    clock: Clock,
    lanes = 1,
    members?: MembersClient,
    imported = new ImportedMembers({ MEMBERS_ADDR: undefined }, undefined),
  ): Promise<Pod> {
    const dataSource = new DataSource(dataSourceOptions('loyalty', settingsOf(databaseUrl), migrations));
    await dataSource.initialize();
    return new Pod(dataSource, databaseUrl, clock, lanes, members, imported);
  }

  async stop(): Promise<void> {
    await this.lanes.onApplicationShutdown();
    await this.dataSource.destroy();
  }

  /** Posts purchases as their tills would, each under its key. */
  async post(
    purchases: readonly Purchase[],
    keys: readonly (string | undefined)[] = [],
  ): Promise<PostPurchaseResult[]> {
    const answers = this.purchases.post(
      purchases.map((purchase, index) => ({
        item: incoming(purchase, keys[index]),
        laneKey: toldMember(purchase.member) ?? receiptKey(purchase.receipt as Receipt),
        deadlineMs: Number.POSITIVE_INFINITY,
        isOffline: false,
      })),
    );
    if (!answers) throw new Error('the queue is full');
    return answers;
  }

  async refund(
    refunds: readonly Refund[],
    keys: readonly (string | undefined)[] = [],
  ): Promise<RefundPurchaseResult[]> {
    const answers = this.refunds.post(
      refunds.map((refund, index) => {
        const [receipt, purchase] = [refund.refund as Receipt, refund.purchase as Receipt];
        const item = {
          caller: receipt.tillId,
          key: keys[index],
          receipt,
          purchase,
          rungMs: refund.rungAt?.getTime() ?? 0,
          lines: refund.lines,
          content: refundContentOf(refund, receipt, purchase),
          traceparent: undefined,
          waitingId: undefined,
        };
        return { item, laneKey: receiptKey(purchase), deadlineMs: Number.POSITIVE_INFINITY, isOffline: false };
      }),
    );
    if (!answers) throw new Error('the queue is full');
    return answers;
  }

  /** Makes a store known and a programme for its brand in force. */
  async open(store: TestStore, terms: ProgrammeTerms, code = 'LANTERN'): Promise<string> {
    const { storeId, tillId, brandId } = store;
    await this.know(store);
    const names = { nameZh: '灯笼会员', nameEn: 'Lantern Club' };
    const made = await this.programmes.create('wang', { code, ...names, currency: 'CNY', brandIds: [brandId] });
    if (made.outcome !== 'created') throw new Error(`${made.outcome} ${storeId} ${tillId}`);
    const { programmeId } = made.programme;
    await this.programmes.draft('wang', programmeId, terms);
    await this.programmes.publish('wang', programmeId, 1, '2020-01-01');
    return programmeId;
  }

  async know({ storeId, tillId, brandId }: TestStore): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      await this.stores.keepStores(tx, [
        { storeId, brandId, timeZone: 'Asia/Shanghai', dayCutoverMinutes: 240, version: 1 },
      ]);
      await this.stores.keepTills(tx, [{ tillId, storeId, version: 1 }]);
    });
  }

  async register(...members: TestMember[]): Promise<void> {
    const registeredAt = new Date('2026-01-01T00:00:00Z');
    const known = members.map((member) => ({ ...member, language: 'zh-CN', registeredAt }));
    await this.dataSource.transaction((tx) => this.members.keep(tx, known));
  }

  rows<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return this.dataSource.query(sql, values);
  }
}

// What these tests provoke is warned of; they look at the answers.
Logger.overrideLogger(['error', 'fatal']);

/** A migrated database of a test's own. */
export async function loyaltyDatabase(): Promise<TestDatabase> {
  const database = await testDatabase('loyalty');
  await migrate('loyalty', settingsOf(database.url), migrations);
  return database;
}

function settingsOf(databaseUrl: string): ServiceSettings {
  return { DATABASE_URL: databaseUrl, DATABASE_POOL: 3 } as ServiceSettings;
}

function incoming(purchase: Purchase, key: string | undefined): Incoming {
  const receipt = purchase.receipt as Receipt;
  return {
    caller: receipt.tillId,
    key,
    purchase,
    receipt,
    rungMs: purchase.rungAt?.getTime() ?? 0,
    content: contentOf(purchase, receipt),
    traceparent: undefined,
  };
}
