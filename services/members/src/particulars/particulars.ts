import { Gender, NeedKind } from '@regulars/contracts/members/v1/particulars';
import { getCountries } from 'libphonenumber-js/core';
import numberingPlans from 'libphonenumber-js/metadata.mobile';
import { z } from 'zod';
import { field, optionalField, optionalText, text } from '../fields.js';
import { emailOf } from '../members/email.js';
import { mobileOf } from '../members/mobile.js';

const needsDetail = new Set([NeedKind.AVOIDED_FOOD, NeedKind.ALLERGY, NeedKind.OTHER]);

/** Countries that people live in have telephones. */
const countries: ReadonlySet<string> = new Set(getCountries(numberingPlans));

const country = field(
  (written) => (countries.has(written) ? written : undefined),
  'an ISO 3166-1 code of two capitals, such as CN',
);

const address = z.object({
  label: optionalText(40),
  country,
  region: optionalText(100),
  city: text(100),
  district: optionalText(100),
  street: text(200),
  postcode: optionalText(12),
});

const need = z
  .object({
    kind: z.enum(NeedKind, 'a kind of need').exclude(['UNSPECIFIED', 'UNRECOGNIZED']),
    detail: optionalText(200),
  })
  .refine(({ kind, detail }) => detail !== '' || !needsDetail.has(kind), {
    message: 'what is avoided, what the allergy is to, or what is needed',
    path: ['detail'],
  });

const contactPerson = z
  .object({
    name: text(100),
    position: optionalText(100),
    mobile: optionalField(mobileOf, 'a mobile in E.164, such as +8613800138000'),
    email: optionalField(emailOf, 'an e-mail address'),
  })
  .refine(({ mobile, email }) => mobile !== '' || email !== '', {
    message: 'a mobile or an e-mail is needed',
    path: ['mobile'],
  });

const preferences = z.array(text(50)).max(20, 'at most 20');

/** What a member may tell besides name and contact data (requirement M2), in the form in which it is stored. */
export const particularsDraft = z.object(
  {
    gender: z.enum(Gender, 'a gender, or none').exclude(['UNRECOGNIZED']),
    addresses: z.array(address).max(5, 'at most 5'),
    diningPreferences: preferences,
    shoppingPreferences: preferences,
    needs: z.array(need).max(20, 'at most 20'),
    contactPersons: z.array(contactPerson).max(10, 'at most 10'),
  },
  'the particulars',
);
export type ParticularsDraft = Readonly<z.output<typeof particularsDraft>>;

/** What whoever serves a guest has to know. */
export function servingPart({ diningPreferences, shoppingPreferences, needs }: ParticularsDraft) {
  return { diningPreferences, shoppingPreferences, needs };
}

/** What is shown only where role and purpose allow (requirement M6). */
export function privatePart({ gender, addresses, contactPersons }: ParticularsDraft) {
  return { gender, addresses, contactPersons };
}
