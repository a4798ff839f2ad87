import { loadavg } from 'node:os';
import { dueWorkText, measureExpiry, measureReview } from './due-work.js';
import type { Laboratory } from './laboratory.js';
import { ledgerSizeText, measureLedgerSize } from './ledger-size.js';
import type { Measurements } from './measurements.js';
import { measureSpending, spendingText } from './spending.js';

/** Which of loyalty's figures are asked for. */
export interface LoyaltyFigures {
  readonly spending: boolean;
  readonly expiry: boolean;
  readonly review: boolean;
  readonly ledger: boolean;
}

/** Measures those that are asked for, one after the other, and says how busy the machine was. */
export async function loyaltyFigures(
  lab: Laboratory,
  measurements: Measurements,
  asked: LoyaltyFigures,
  { scale, seconds }: { scale: number; seconds: number },
): Promise<void> {
  const print = (text: string) =>
    console.log(
      `\n${text}\n  load of the machine ${loadavg()
        .map((each) => each.toFixed(1))
        .join(', ')}`,
    );
  if (asked.spending) print(spendingText(await measureSpending(lab, measurements, seconds)));
  if (asked.ledger) print(ledgerSizeText(await measureLedgerSize(lab, measurements, scale, seconds)));
  if (asked.expiry) print(dueWorkText(await measureExpiry(lab, scale, seconds)));
  if (asked.review) print(dueWorkText(await measureReview(lab, scale, seconds)));
}
