import { z } from 'zod';
import { date, id, minor, pageQuery, text } from '../edge/fields.js';

export const voidBody = z
  .strictObject({ reason: text(200).meta({ description: 'Why; no personal data', examples: ['Printed twice'] }) })
  .meta({ id: 'CouponVoid' });
export type VoidBody = z.output<typeof voidBody>;

export const usageQuery = z.strictObject({
  programmeId: id,
  fromDate: date.meta({ description: 'First business date' }),
  untilDate: date.meta({ description: 'Last business date, at most 366 days after the first' }),
  ...pageQuery,
});
export type UsageQuery = z.output<typeof usageQuery>;

export const usagePage = z
  .object({
    usage: z
      .array(
        z
          .object({
            storeId: id,
            definitionId: id,
            used: z.int().meta({ description: 'Coupons used' }),
            returned: z.int().meta({ description: 'Of these, given back because the whole receipt was refunded' }),
            discountMinor: minor.meta({ description: 'What the others took off, minor units' }),
          })
          .meta({ id: 'CouponUsage' }),
      )
      .meta({ description: 'The page, by store and kind' }),
    nextCursor: z.string().optional(),
  })
  .meta({ id: 'CouponUsages' });
