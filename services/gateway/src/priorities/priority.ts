import { BirthdayStanding, type MemberTier } from '@regulars/contracts/loyalty/v1/tiers';
import { NeedKind, type SpecialNeed } from '@regulars/contracts/members/v1/particulars';
import { z } from 'zod';
import { id } from '../edge/fields.js';
import { partIn } from '../edge/parts.js';
import { wordsOf } from '../edge/words.js';

const needWords = wordsOf(NeedKind);
/** Needs for which somebody should not have to stand and wait. */
const waitingIsHard: readonly NeedKind[] = [NeedKind.WHEELCHAIR, NeedKind.ELDERLY_CARE, NeedKind.HIGH_CHAIR];

export const priorityQuery = z.strictObject({
  programmeId: id.optional().meta({ description: 'Needed when the member has several accounts' }),
});
export type PriorityQuery = z.output<typeof priorityQuery>;

const part = partIn(['ok', 'missing', 'not-kept']);
const notKept = { state: 'not-kept' } as const;

/** How far ahead a member is in queues and reservations, and why (requirement L13). */
export const priority = z
  .object({
    memberId: id,
    priority: z
      .int()
      .min(0)
      .max(100)
      .optional()
      .meta({
        description: 'How far ahead by the tier, as the programme says; missing when loyalty could not be asked',
        examples: [40],
      }),
    reasons: z
      .array(
        z
          .object({
            kind: z.enum(['tier', 'birthday', 'special-need']).meta({ description: 'What it comes from' }),
            what: z
              .string()
              .meta({ description: 'Code of the tier, today for a birthday, or kind of the need', examples: ['gold'] }),
          })
          .meta({ id: 'PriorityReason' }),
      )
      .meta({ description: 'Why somebody is let ahead; people weigh special needs themselves' }),
    parts: z
      .object({
        tier: part.meta({ description: 'From loyalty' }),
        specialNeed: part.meta({ description: 'From members' }),
        birthday: part.meta({
          description: 'From loyalty: whether birthday rights are open; not-kept where the programme has none',
        }),
        keyAccount: part.meta({ description: 'No part of the platform keeps it yet' }),
      })
      .meta({ id: 'PriorityParts', description: 'Of each part whether it is counted' }),
  })
  .meta({ id: 'MemberPriority' });

/** What an owner told, or why it could not be asked. */
export interface Told {
  /** Null: the member has no account yet. */
  readonly tier: MemberTier | null | Missing;
  readonly needs: readonly SpecialNeed[] | Missing;
}

type Missing = { readonly state: 'missing'; readonly reason: string };

/** The priority that comes of what the owners told. */
export function priorityOf(memberId: string, told: Told): z.output<typeof priority> {
  const tier = isMissing(told.tier) ? undefined : told.tier;
  const ahead = tier?.tier?.benefits?.priority ?? 0;
  const needs = isMissing(told.needs) ? [] : told.needs;
  const hard = needs.filter(({ kind }) => waitingIsHard.includes(kind));
  return {
    memberId,
    priority: tier === undefined ? undefined : ahead,
    reasons: [
      ...(ahead > 0 ? [{ kind: 'tier' as const, what: tier?.tier?.code ?? '' }] : []),
      ...(tier?.birthday === BirthdayStanding.OPEN ? [{ kind: 'birthday' as const, what: 'today' }] : []),
      ...hard.map(({ kind }) => ({ kind: 'special-need' as const, what: needWords.word(kind) })),
    ],
    parts: {
      tier: isMissing(told.tier) ? told.tier : { state: 'ok' },
      specialNeed: isMissing(told.needs) ? told.needs : { state: 'ok' },
      birthday: birthdayPart(told.tier),
      keyAccount: notKept,
    },
  };
}

/** Who has no account yet has no birthday rights: nobody knows whether it is her birthday. */
function birthdayPart(tier: Told['tier']): z.output<typeof part> {
  if (isMissing(tier)) return tier;
  const isKept = tier?.birthday === BirthdayStanding.OPEN || tier?.birthday === BirthdayStanding.CLOSED;
  return isKept ? { state: 'ok' } : notKept;
}

function isMissing(told: Told['tier'] | Told['needs']): told is Missing {
  return told !== null && 'state' in told;
}
