import { MemberNature, RegistrationChannel } from '@regulars/contracts/members/v1/members';
import type { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { field, idempotencyKey, optionalField } from '../fields.js';
import { isBirthday } from './birthday.js';
import { emailOf } from './email.js';
import { mobileOf } from './mobile.js';
import { nameOf } from './names.js';

const clockSkewMs = 5 * 60_000;

/** The moment of the call: what lies after it is refused. */
export interface Moment {
  readonly now: Date;
  readonly today: Temporal.PlainDate;
}

/** What a registration must look like (requirements M1, M2); the result is in the form in which it is stored. */
export function registration({ now, today }: Moment) {
  return z.object({
    idempotencyKey,
    person: person(today),
    nature,
    language: z.enum(['zh-CN', 'en'], 'zh-CN or en'),
    homeStoreId: z.union([z.literal(''), z.uuid()], 'a UUID, or empty'),
    channel,
    acceptances: firstAcceptances(now),
  });
}
export type Registration = Readonly<z.output<ReturnType<typeof registration>>>;

function person(today: Temporal.PlainDate) {
  return z
    .object(
      {
        name: field(nameOf, '1 to 100 characters of one script a word, no control characters'),
        mobile: optionalField(mobileOf, 'a mobile in E.164, such as +8613800138000'),
        email: optionalField(emailOf, 'an e-mail address'),
        birthday: z
          .object({ month: z.number(), day: z.number(), year: z.number(), lunar: z.boolean().optional() })
          .optional()
          .refine(
            (birthday) => !birthday || isBirthday(birthday, today),
            'an existing month and day, with a year from 1900 to now or none',
          ),
      },
      'a person',
    )
    .refine(({ mobile, email }) => mobile !== '' || email !== '', {
      message: 'a mobile or an e-mail is needed',
      path: ['mobile'],
      when: ({ value }) => isObject(value) && 'mobile' in value && 'email' in value,
    });
}

const nature = z
  .enum(MemberNature, 'individual, enterprise or institution')
  .exclude(['UNRECOGNIZED'])
  .transform((told) => (told === MemberNature.UNSPECIFIED ? MemberNature.INDIVIDUAL : told));

const channel = z
  .enum(RegistrationChannel, 'a registration channel')
  .exclude(['UNSPECIFIED', 'UNRECOGNIZED'], 'a registration channel');

/** Notices that somebody accepted, each version once. */
export function acceptances(now: Date) {
  return z.array(acceptance(now)).check(({ value, issues }) => {
    if (new Set(value.map(({ notice, version }) => `${notice} ${version}`)).size === value.length) return;
    issues.push({ code: 'custom', message: 'each version once', input: value });
  });
}

function acceptance(now: Date) {
  return z.object({
    notice: z.enum(['benefits', 'privacy'], 'benefits or privacy'),
    version: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$/, 'a version such as 2026-05'),
    channel,
    acceptedAt: z
      .date('the time of acceptance is needed')
      .refine((at) => at.getTime() <= now.getTime() + clockSkewMs, 'a time that has passed'),
  });
}

function firstAcceptances(now: Date) {
  return z.array(acceptance(now)).check(({ value, issues }) => {
    for (const notice of ['benefits', 'privacy']) {
      const times = value.filter((each) => each.notice === notice).length;
      if (times === 1) continue;
      const message = `the ${notice} notice must have been accepted, told once`;
      issues.push({ code: 'custom', message, input: value });
    }
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
