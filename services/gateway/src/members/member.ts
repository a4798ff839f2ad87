import {
  type Acceptance,
  type Member,
  MemberNature,
  type RegisterMemberRequest,
  RegistrationChannel,
} from '@regulars/contracts/members/v1/members';
import { z } from 'zod';
import { id, language, memberNumber, mobile, moment, text, told } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';

const channels = wordsOf(RegistrationChannel);
const natures = wordsOf(MemberNature);

const birthday = z
  .strictObject({
    month: z.int().meta({ minimum: 1, maximum: 12 }),
    day: z.int().meta({ minimum: 1, maximum: 31 }),
    year: z.int().meta({ minimum: 1900 }).optional(),
    lunar: z.boolean().default(false).meta({ description: 'Month and day are of the Chinese calendar (农历)' }),
  })
  .meta({ id: 'Birthday', description: 'An existing day, not after today; the year is the member’s choice' });

const email = z
  .email({ error: 'Expected an e-mail address' })
  .max(254)
  .meta({ examples: ['emma@guests.example'] });
const notice = z.enum(['benefits', 'privacy']);

export const acceptance = z
  .strictObject({
    notice,
    version: text(32).meta({ examples: ['2026-05'] }),
    channel: channels.schema,
    acceptedAt: moment,
  })
  .meta({ id: 'Acceptance' });

/** The same as it is read, with the proof: who wrote it down when. */
export const acceptanceRead = z
  .object({
    notice,
    version: z.string().meta({ description: 'Which version of the notice', examples: ['2026-05'] }),
    channel: channels.schema,
    acceptedAt: z.iso.datetime(),
    recordedAt: z.iso
      .datetime()
      .optional()
      .meta({
        description: 'When it was written down; missing for what was written down before this was kept',
        examples: ['2026-05-01T02:00:01Z'],
      }),
    recordedBy: z
      .string()
      .optional()
      .meta({ description: 'By whom: a person, a till, or the member by id', examples: ['agent'] }),
    recordedFrom: z
      .string()
      .optional()
      .meta({ description: 'From where: person, machine, till, member or service', examples: ['person'] }),
  })
  .meta({ id: 'RecordedAcceptance' });

/**
 * The body with which somebody registers (requirement M1). What is written down about the person is checked by members,
 * which tells every fault of it at once.
 */
export const memberBody = z
  .strictObject({
    person: z
      .strictObject({
        name: z
          .string()
          .max(2_000)
          .refine((told) => told.trim() !== '', { error: 'Expected 1 to 100 characters' })
          .meta({ description: '1 to 100 characters', examples: ['周晓雨'] }),
        mobile: z
          .string()
          .max(200)
          .optional()
          .meta({ description: 'E.164', examples: ['+8613800138000'] }),
        email: z
          .string()
          .max(2_000)
          .optional()
          .meta({ examples: ['emma@guests.example'] }),
        birthday: birthday.optional(),
      })
      .refine((person) => person.mobile !== undefined || person.email !== undefined, {
        error: 'A mobile or an e-mail is needed',
      }),
    nature: natures.schema.default('individual'),
    language,
    homeStoreId: id.optional(),
    channel: channels.schema,
    acceptances: z
      .array(acceptance)
      .max(10)
      .refine((all) => notice.options.every((each) => all.some((accepted) => accepted.notice === each)), {
        error: 'Both benefits and privacy have to be accepted',
      }),
  })
  .meta({ id: 'NewMember' });
export type MemberBody = z.output<typeof memberBody>;

export const member = z
  .object({
    memberId: z.uuid(),
    number: memberNumber,
    codeToken: z.string(),
    person: z.object({
      name: z.string(),
      mobile: z.string().optional(),
      email: z.string().optional(),
      birthday: z
        .object({ month: z.int(), day: z.int(), year: z.int().optional(), lunar: z.boolean().optional() })
        .optional(),
    }),
    masked: z.boolean().meta({ description: 'Whether the personal data is masked' }),
    nature: natures.schema,
    language,
    homeStoreId: z.uuid().optional(),
    acceptances: z.array(acceptanceRead),
    registeredAt: z.iso.datetime().optional(),
    tags: z.array(z.string()),
    mobileVerifiedAt: z.iso.datetime().optional(),
    emailVerifiedAt: z.iso.datetime().optional(),
    mobileVerificationNeeded: z.boolean().meta({
      description:
        'Whether the mobile has to be verified before it counts: another member had it, or nobody was here for long',
    }),
    restrictedSince: z.iso
      .datetime()
      .optional()
      .meta({
        description:
          'Since when the data is not to be used but for what the member does herself: no marketing, no profile',
        examples: ['2026-11-02T11:45:01Z'],
      }),
    mergedInto: z.uuid().optional().meta({ description: 'The member that this one was merged into' }),
    mergedIds: z.array(z.uuid()).meta({ description: 'Members that were merged into this one' }),
  })
  .meta({ id: 'Member' });

export const memberQuery = z.strictObject({
  purpose: text(200).optional().meta({ description: 'Why clear data is wanted; without it personal data is masked' }),
});
export type MemberQuery = z.output<typeof memberQuery>;

/** How a member is found: exactly one of the fields. */
export const findQuery = z
  .strictObject({
    number: memberNumber.optional(),
    token: text(128).optional(),
    mobile: mobile.optional(),
    email: email.optional(),
  })
  .refine((query) => told(query) === 1, {
    error: 'Expected exactly one of number, token, mobile and email',
  });
export type FindQuery = z.output<typeof findQuery>;

/** The registration as members takes it. */
export function registrationOf(body: MemberBody, idempotencyKey: string): RegisterMemberRequest {
  const { name, mobile = '', email = '', birthday } = body.person;
  return {
    idempotencyKey,
    person: { name, mobile, email, birthday: birthday && { ...birthday, year: birthday.year ?? 0 } },
    nature: natures.number(body.nature),
    language: body.language,
    homeStoreId: body.homeStoreId ?? '',
    channel: channels.number(body.channel),
    acceptances: body.acceptances.map(acceptanceOf),
  };
}

/** An acceptance as members takes it. */
export function acceptanceOf(accepted: z.output<typeof acceptance>): Acceptance {
  return {
    ...accepted,
    channel: channels.number(accepted.channel),
    acceptedAt: new Date(accepted.acceptedAt),
  };
}

export function acceptanceAnswer(accepted: Acceptance) {
  return { ...accepted, channel: channels.word(accepted.channel) };
}

export function memberAnswer(found: Member) {
  const { person, homeStoreId } = found;
  return {
    ...found,
    person: person && {
      name: person.name,
      mobile: person.mobile || undefined,
      email: person.email || undefined,
      birthday: person.birthday && { ...person.birthday, year: person.birthday.year || undefined },
    },
    nature: natures.word(found.nature),
    homeStoreId: homeStoreId || undefined,
    acceptances: found.acceptances.map(acceptanceAnswer),
    mergedInto: found.mergedInto || undefined,
  };
}
