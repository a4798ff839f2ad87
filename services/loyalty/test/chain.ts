import { createHash, randomUUID } from 'node:crypto';
import type { ProgrammeTerms } from '@regulars/contracts/loyalty/v1/programmes';
import { Rounding } from '@regulars/contracts/loyalty/v1/programmes';
import { type PostPurchaseItem, type Purchase, Urgency } from '@regulars/contracts/loyalty/v1/purchases';
import { MemberNature, RegistrationChannel } from '@regulars/contracts/members/v1/members';
import { MemberRegistered } from '@regulars/contracts/members/v1/members_events';
import { StoreChanged, TillChanged } from '@regulars/contracts/stores/v1/stores_events';
import type { PublishedEvent } from '@regulars/testing';

/** A store with one till, as its owner tells of them. */
export interface TestStore {
  readonly storeId: string;
  readonly tillId: string;
  readonly brandId: string;
}

export function aStore(brandId: string = randomUUID()): TestStore {
  return { storeId: randomUUID(), tillId: randomUUID(), brandId };
}

export function storeEvents(store: TestStore): { store: PublishedEvent; till: PublishedEvent } {
  const { storeId, tillId, brandId } = store;
  return {
    store: {
      type: 'regulars.stores.v1.StoreChanged',
      key: storeId,
      payload: StoreChanged.toJSON({
        store: {
          storeId,
          brandId,
          code: 'BUND',
          nameZh: '外滩店',
          nameEn: 'The Bund',
          timeZone: 'Asia/Shanghai',
          dayCutoverMinutes: 240,
          currency: 'CNY',
          language: 'zh-CN',
          closedAt: undefined,
          version: 1,
        },
        version: 1,
      }) as object,
    },
    till: {
      type: 'regulars.stores.v1.TillChanged',
      key: tillId,
      payload: TillChanged.toJSON({
        tillId,
        storeId,
        number: '1',
        liveKeys: [],
        mustSign: false,
        version: 1,
      }) as object,
    },
  };
}

/** A member, as its owner tells of it. */
export interface TestMember {
  readonly memberId: string;
  readonly number: string;
  readonly codeTokenSha256: Buffer;
}

export function aMember(): TestMember {
  const memberId = randomUUID();
  return {
    memberId,
    number: `M${memberId.replaceAll('-', '').slice(0, 12)}`,
    codeTokenSha256: createHash('sha256').update(memberId).digest(),
  };
}

export function memberEvent({ memberId, number, codeTokenSha256 }: TestMember): PublishedEvent {
  return {
    type: 'regulars.members.v1.MemberRegistered',
    key: memberId,
    payload: MemberRegistered.toJSON({
      memberId,
      number,
      codeTokenSha256,
      nature: MemberNature.INDIVIDUAL,
      language: 'zh-CN',
      homeStoreId: '',
      channel: RegistrationChannel.STORE_DESK,
      registeredAt: new Date('2026-01-01T00:00:00Z'),
    }) as object,
  };
}

/** One point for each yuan, no caps, points for ever, two tiers. */
export function theTerms(change: Partial<NonNullable<ProgrammeTerms['accrual']>> = {}): ProgrammeTerms {
  return {
    accrual: {
      points: 1,
      perMinor: 100,
      rounding: Rounding.DOWN,
      minimumMinor: 0,
      capPerDay: 0,
      capPerMonth: 0,
      excludedCategories: [],
      excludedPaymentTypes: [],
      excludedSkus: [],
      ...change,
    },
    tiers: [
      {
        code: 'regular',
        nameZh: '普通',
        nameEn: 'Regular',
        fromSpentMinor: 0,
        multiplierPercent: 100,
        benefits: undefined,
      },
      {
        code: 'gold',
        nameZh: '黄金',
        nameEn: 'Gold',
        fromSpentMinor: 100_000,
        multiplierPercent: 150,
        benefits: undefined,
      },
    ],
    tierPeriodMonths: 12,
    expiry: { policy: { $case: 'rollingMonths', value: 12 } },
    acceptDaysBack: 30,
    refundMayOwe: true,
    timeZone: 'Asia/Shanghai',
    rules: [],
    tierReview: undefined,
    expiryWarningDays: 0,
    holdLimits: undefined,
    birthday: undefined,
  };
}

let receipts = 0;

/** What differs between the purchases of a test. */
export interface PurchaseOf {
  readonly at: TestStore;
  readonly by?: TestMember | undefined;
  readonly minor?: number;
  readonly businessDate?: string;
  readonly receiptNumber?: string;
}

export function today(): string {
  return new Date(Date.now() + 4 * 3_600_000).toISOString().slice(0, 10);
}

export function aPurchase({ at, by, minor = 5_000, businessDate = today(), receiptNumber }: PurchaseOf): Purchase {
  receipts += 1;
  return {
    receipt: {
      storeId: at.storeId,
      tillId: at.tillId,
      businessDate,
      receiptNumber: receiptNumber ?? `R${receipts}`,
    },
    rungAt: new Date(`${businessDate}T04:00:00Z`),
    rungAtOffsetMinutes: 480,
    member: by && { by: { $case: 'memberId', value: by.memberId } },
    currency: 'CNY',
    totalMinor: minor,
    lines: [{ sku: 'noodles', name: '牛肉面', category: 'food', quantityMilli: 1_000, amountMinor: minor }],
    payments: minor > 0 ? [{ type: 'wechat-pay', amountMinor: minor }] : [],
    channel: 'dine-in',
    partySize: 2,
  };
}

export function anItem(purchase: Purchase, principal: string, key = ''): PostPurchaseItem {
  return {
    context: { principal, deadline: new Date(Date.now() + 60_000), traceparent: '' },
    idempotencyKey: key,
    purchase,
    urgency: Urgency.LIVE,
  };
}

export function dayBefore(date: string): string {
  return new Date(Date.parse(`${date}T12:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}
