import { randomUUID } from 'node:crypto';
import type { Receipt } from './history.js';
import type { Random } from './random.js';

/** A till with its key. */
export interface Till {
  readonly storeId: string;
  readonly tillId: string;
  readonly key: string;
}

/** A purchase or a refund that a till wants to be rid of. */
export interface Posting {
  readonly operation: 'purchase' | 'refund';
  readonly till: Till;
  readonly receipt: Receipt;
  /** Undefined for an anonymous one. */
  readonly memberId: string | undefined;
  /** The JSON body, the same bytes on every attempt. */
  readonly body: string;
  readonly key: string;
  /** The database of the scenario refuses it: a defect is the right answer. */
  readonly isPoison: boolean;
}

const ARTICLES = [
  { sku: 'NOODLE-BEEF', name: '招牌牛肉面', category: 'noodles', priceMinor: 5_800 },
  { sku: 'NOODLE-PORK', name: '大排面', category: 'noodles', priceMinor: 4_200 },
  { sku: 'TEA-JASMINE', name: '茉莉花茶', category: 'drinks', priceMinor: 1_200 },
  { sku: 'CAKE-MOON', name: '月饼', category: 'sweets', priceMinor: 950 },
];

/** Makes purchases as guests make them: of a seed, each with a receipt number of its own. */
export class Counter {
  #printed = 0;

  /** @param prefix begins each receipt number, so that receipts of several counters never meet */
  constructor(
    private readonly random: Random,
    private readonly tills: readonly Till[],
    private readonly businessDate: string,
    private readonly prefix: string,
  ) {}

  /** @param memberId undefined for an anonymous purchase */
  purchase(
    memberId: string | undefined,
    special: { businessDate?: string; till?: Till; isPoison?: boolean } = {},
  ): Posting {
    const { businessDate = this.businessDate, till = this.random.pick(this.tills), isPoison = false } = special;
    const receipt = {
      storeId: till.storeId,
      tillId: till.tillId,
      businessDate,
      receiptNumber: `${this.prefix}${++this.#printed}${isPoison ? '-POISON' : ''}`,
    };
    const lines = Array.from({ length: this.random.whole(1, 4) }, () => {
      const { priceMinor, ...article } = this.random.pick(ARTICLES);
      const count = this.random.whole(1, 3);
      return { ...article, quantityMilli: count * 1_000, amountMinor: count * priceMinor };
    });
    const totalMinor = lines.reduce((sum, line) => sum + line.amountMinor, 0);
    const body = JSON.stringify({
      ...receipt,
      rungAt: `${businessDate}T12:30:00+08:00`,
      ...(memberId !== undefined && { member: { memberId } }),
      currency: 'CNY',
      totalMinor,
      lines,
      payments: [{ type: 'wechat-pay', amountMinor: totalMinor }],
      channel: this.random.pick(['dine-in', 'takeaway']),
      partySize: this.random.whole(1, 6),
    });
    // Keys need not repeat between runs, only never meet: a platform may serve several runs.
    return { operation: 'purchase', till, receipt, memberId, body, key: randomUUID(), isPoison };
  }

  /** Gives a whole purchase back at the till where it was bought. */
  refund({ till, receipt: purchase, memberId }: Posting): Posting {
    const receipt = { ...purchase, receiptNumber: `${purchase.receiptNumber}-BACK` };
    const { businessDate, receiptNumber } = purchase;
    const rungAt = `${businessDate}T12:50:00+08:00`;
    const body = JSON.stringify({ ...receipt, rungAt, purchase: { businessDate, receiptNumber } });
    return { operation: 'refund', till, receipt, memberId, body, key: randomUUID(), isPoison: false };
  }
}
