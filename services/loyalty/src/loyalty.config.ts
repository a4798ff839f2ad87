import { serviceSettings } from '@regulars/service';
import { z } from 'zod';

export const loyaltySettings = serviceSettings.extend({
  /** Connections that book purchases; members are spread over them. One makes the biggest batches: bench/README.md. */
  LANES: z.coerce.number().int().min(1).max(16).default(1),
  /** Items that may wait in each lane before more are refused. */
  LANE_QUEUE: z.coerce.number().int().min(256).max(100_000).default(1_024),
  /** Points that one person may give to or take from a member in 24 hours without a second person (requirement L14). */
  ADJUSTMENT_LIMIT: z.coerce.number().int().min(0).default(500),
});

export type LoyaltySettings = Readonly<z.output<typeof loyaltySettings>>;
