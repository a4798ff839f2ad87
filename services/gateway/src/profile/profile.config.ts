import { z } from 'zod';
import { feedbackCase } from '../cases/case.js';
import { couponPage } from '../coupons/coupon.js';
import { id } from '../edge/fields.js';
import { type Part, partIn } from '../edge/parts.js';
import { followUpPage } from '../followups/followup.js';
import { member } from '../members/member.js';
import { messagePage } from '../messages/message.js';
import { particularsRead } from '../particulars/particulars.config.js';
import { balance } from '../points/points.js';
import { memberTier } from '../tiers/tier.js';
import { visitsRead } from '../visits/visit.js';

/** A part of a profile; only one that is ok has something in it. */
export interface ProfilePart extends Part {
  readonly value?: unknown;
}

function part(value: z.ZodType, description: string) {
  return partIn(['ok', 'empty', 'missing', 'withheld']).extend({ value: value.optional() }).meta({ description });
}

/** Everything about a member on one page (requirement M7). */
export const profile = z
  .object({
    memberId: id,
    readAt: z.iso.datetime().meta({ description: 'When it was put together' }),
    isWhole: z.boolean().meta({ description: 'Whether no part is missing' }),
    parts: z
      .object({
        member: part(member, 'The record, with consents; masked unless role and purpose allow'),
        particulars: part(particularsRead, 'Preferences, special needs, addresses, contact persons'),
        visits: part(visitsRead, 'Rhythm, meals, favourite dishes, party sizes, stores, last purchases'),
        points: part(balance, 'Balance, and what ends next'),
        tier: part(memberTier, 'The tier, its benefits and the way to the next'),
        coupons: part(couponPage.shape.coupons, 'Coupons, newest first'),
        cases: part(z.array(feedbackCase), 'Complaints and other feedback, newest first'),
        followUps: part(followUpPage.shape.followUps, 'Questions after visits, newest first'),
        messages: part(messagePage.shape.messages, 'What was sent to the member, newest first'),
      })
      .meta({ description: 'Each from its owner' }),
  })
  .meta({ id: 'Profile' });
