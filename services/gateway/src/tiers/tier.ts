import type { ExplainTierChangeResponse, MemberTier, TierChangeEntry } from '@regulars/contracts/loyalty/v1/tiers';
import { TierChangeKind } from '@regulars/contracts/loyalty/v1/tiers_events';
import { z } from 'zod';
import { date, id, pageQuery, slug, text } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';
import { tierBody, tierProgress } from '../purchases/outcomes.js';

const kinds = wordsOf(TierChangeKind);
const programmeId = id.optional().meta({ description: 'Needed when the member has several accounts' });

export const tierQuery = z.strictObject({ programmeId });
export type TierQuery = z.output<typeof tierQuery>;
export const changesQuery = z.strictObject(pageQuery);
export type ChangesQuery = z.output<typeof changesQuery>;

/** A tier that somebody grants by hand (requirement L7). */
export const grantBody = z
  .strictObject({
    programmeId,
    tier: slug(32).meta({ examples: ['gold'] }),
    until: date.meta({ description: 'Last date on which it is kept; it is reviewed then' }),
    reason: text(200).meta({ description: 'Why; no personal data', examples: ['Opening of the new store'] }),
  })
  .meta({ id: 'TierGrant' });
export type GrantBody = z.output<typeof grantBody>;

export const memberTier = z
  .object({
    memberId: id,
    programmeId: id,
    code: z.string(),
    nameZh: z.string(),
    nameEn: z.string(),
    multiplierPercent: z.int(),
    benefits: z
      .object({
        discountPercent: z.int(),
        priority: z.int(),
        gifts: z.array(z.string()),
        personalService: z.boolean(),
      })
      .optional(),
    progress: tierProgress.optional(),
    since: date.optional(),
    keptUntil: date.optional().meta({ description: 'Missing for the lowest, and where tiers are not kept' }),
  })
  .meta({ id: 'MemberTier' });

const change = z
  .object({
    changeId: id,
    kind: kinds.schema.meta({ description: 'What happened' }),
    fromTier: z.string(),
    toTier: z.string(),
    happenedOn: date,
    keptUntil: date.optional().meta({ description: 'Of a notice: until when spending saves the tier' }),
    countedFrom: date,
    countedUntil: date,
    spentMinor: z.int(),
    missingMinor: z.int().optional().meta({ description: 'Of a notice: what still had to be spent, minor units' }),
    reason: z.string().optional(),
    changedAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'TierChange' });
const nextCursor = z.string().optional();
export const changePage = z.object({ changes: z.array(change), nextCursor }).meta({ id: 'TierChanges' });
export const changeExplained = z
  .object({
    change,
    counted: z.array(
      z.object({
        entryId: id,
        sourceId: z.string(),
        businessDate: date,
        storeId: id.optional(),
        countedMinor: z.int().meta({ description: 'Below zero for a refund, minor units' }),
      }),
    ),
    nextCursor,
  })
  .meta({ id: 'TierChangeExplained' });

export function tierAnswer({ tier, progress, since, keptUntil, memberId, programmeId: programme }: MemberTier) {
  const { code = '', nameZh = '', nameEn = '', multiplierPercent = 100, benefits } = tier ?? {};
  return {
    memberId,
    programmeId: programme,
    code,
    nameZh,
    nameEn,
    multiplierPercent,
    benefits,
    progress: tierBody(progress),
    since: since || undefined,
    keptUntil: keptUntil || undefined,
  };
}

export function changeAnswer({ kind, keptUntil, missingMinor, reason, ...rest }: TierChangeEntry) {
  return {
    ...rest,
    kind: kinds.word(kind),
    keptUntil: keptUntil || undefined,
    missingMinor: missingMinor || undefined,
    reason: reason || undefined,
  };
}

export function explainedAnswer(entry: TierChangeEntry, { counted, nextCursor: cursor }: ExplainTierChangeResponse) {
  return {
    change: changeAnswer(entry),
    counted: counted.map((row) => ({ ...row, storeId: row.storeId || undefined })),
    nextCursor: cursor || undefined,
  };
}
