import type { Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { HoldReason, holdReasonFromJSON, type ReceiptText } from '@regulars/contracts/loyalty/v1/purchases';
import type { HoldCause } from './watch.js';

/** Where a hold stands. */
export type HoldState = 'open' | 'released' | 'reversed';

/** A purchase to be held. */
export interface NewHold {
  readonly purchaseId: string;
  readonly programmeId: string;
  readonly receipt: Receipt;
  /** Who the till named, as pending purchases have it; undefined for an anonymous purchase. */
  readonly told: string | undefined;
  readonly memberId: string | undefined;
  readonly twinPurchaseId: string | undefined;
  /** At least one. */
  readonly causes: readonly HoldCause[];
}

/** A hold as stored. */
export interface HoldRow {
  readonly purchaseId: string;
  readonly programmeId: string;
  readonly storeId: string;
  readonly tillId: string;
  readonly businessDate: string;
  readonly receiptNumber: string;
  readonly memberId: string | null;
  readonly twinPurchaseId: string | null;
  readonly totalMinor: number;
  readonly causes: readonly HoldCause[];
  readonly state: HoldState;
  readonly heldAt: Date;
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
  readonly decisionReason: string | null;
}

/** The hold of a till that may have re-stamped its business date: nothing is counted. */
export const restamped: readonly HoldCause[] = [
  { reason: HoldReason.BUSINESS_DATE_MAY_BE_RESTAMPED, measured: 0, most: 0, withinMinutes: 0 },
];

/** A cause in numbers, for the entry of a purchase that was held and released. */
export function numbersOf({ reason, measured, most, withinMinutes }: HoldCause): Readonly<Record<string, number>> {
  return { reason, measured, most, within_minutes: withinMinutes };
}

/** The cause of an entry's numbers; the other way of numbersOf. */
export function causeIn(numbers: Readonly<Record<string, number>>): HoldCause {
  const { reason = 0, measured = 0, most = 0, within_minutes: withinMinutes = 0 } = numbers;
  return { reason: holdReasonFromJSON(reason), measured, most, withinMinutes };
}

/** A cause in words (requirement L15), in Chinese and English. */
export function causeInWords({ reason, measured, most, withinMinutes }: HoldCause): ReceiptText {
  const counted = {
    zhCn: `${withinMinutes} 分钟内 ${measured}，上限 ${most}`,
    en: `${measured} within ${withinMinutes} minutes, ${most} allowed`,
  };
  const [zhCn, en] = names[reason] ?? names[HoldReason.UNSPECIFIED];
  if (withinMinutes === 0) return { zhCn, en };
  return { zhCn: `${zhCn}：${counted.zhCn}`, en: `${en}: ${counted.en}` };
}

const names: Partial<Record<HoldReason, readonly [string, string]>> & { [HoldReason.UNSPECIFIED]: [string, string] } = {
  [HoldReason.UNSPECIFIED]: ['待核查', 'To be checked'],
  [HoldReason.BUSINESS_DATE_MAY_BE_RESTAMPED]: [
    '同一小票相差一个营业日，收银机可能改写了日期',
    'The same receipt a business date off: perhaps the till re-stamped it',
  ],
  [HoldReason.MEMBER_VELOCITY]: ['该会员短时间内消费次数', 'Purchases of the member in a short time'],
  [HoldReason.TILL_VELOCITY]: ['该收银机短时间内会员消费次数', 'Purchases of members at the till in a short time'],
  [HoldReason.MANY_MEMBERS_AT_TILL]: ['该收银机短时间内不同会员数', 'Different members at the till in a short time'],
  [HoldReason.REFUNDS_AFTER_REDEMPTION]: [
    '该会员积分用掉后的退款次数',
    'Refunds of the member after the points were spent',
  ],
};
