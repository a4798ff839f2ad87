import { serviceSettings } from '@regulars/service';
import { z } from 'zod';

export const loyaltySettings = serviceSettings.extend({
  /** Connections that book purchases; members are spread over them. One makes the biggest batches: bench/README.md. */
  LANES: z.coerce.number().int().min(1).max(16).default(1),
  /** Items that may wait in each lane before more are refused. */
  LANE_QUEUE: z.coerce.number().int().min(256).max(100_000).default(1_024),
  /** Points that one person may give to or take from a member in 24 hours without a second person (requirement L14). */
  ADJUSTMENT_LIMIT: z.coerce.number().int().min(0).default(500),
  /**
   * Whole months for which purchases are kept with their lines and receipt claims (requirement O5); for ever when left
   * out. At least 18, because tills may hand in business dates of 400 days ago and guests may bring goods back later.
   */
  PURCHASES_KEPT_MONTHS: z.coerce.number().int().min(18).max(240).optional(),
  /** Where members answers, who knows birthdays (requirement L10); without it birthdays bring nothing. */
  MEMBERS_ADDR: z.string().min(1).optional(),
});

export type LoyaltySettings = Readonly<z.output<typeof loyaltySettings>>;
