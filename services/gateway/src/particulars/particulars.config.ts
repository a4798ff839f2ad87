import { Gender, type GetParticularsResponse, NeedKind, Particulars } from '@regulars/contracts/members/v1/particulars';
import { z } from 'zod';
import { text } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';

const genders = wordsOf(Gender);
const needs = wordsOf(NeedKind);

const address = z
  .strictObject({
    label: text(40)
      .optional()
      .meta({ examples: ['home'] }),
    country: text(2, 2).meta({ description: 'ISO 3166-1 alpha-2', examples: ['CN'] }),
    region: text(100).optional(),
    city: text(100),
    district: text(100).optional(),
    street: text(200),
    postcode: text(12).optional(),
  })
  .meta({ id: 'Address' });
const need = z.strictObject({ kind: needs.schema, detail: text(200).optional() }).meta({ id: 'SpecialNeed' });
const contactPerson = z
  .strictObject({
    name: text(100),
    position: text(100).optional(),
    mobile: text(32)
      .optional()
      .meta({ examples: ['+8613800138000'] }),
    email: text(254).optional(),
  })
  .meta({ id: 'ContactPerson' });
const preferences = z.array(text(50)).max(20).default([]);

/** What a member told, all of it: what is left out is forgotten (requirement M2). */
export const particularsBody = z
  .strictObject({
    gender: genders.schema.optional(),
    addresses: z.array(address).max(5).default([]),
    diningPreferences: preferences,
    shoppingPreferences: preferences,
    needs: z.array(need).max(20).default([]),
    contactPersons: z.array(contactPerson).max(10).default([]),
  })
  .meta({ id: 'Particulars' });
export type ParticularsBody = z.output<typeof particularsBody>;

export const particularsRead = z
  .object({
    particulars: particularsBody,
    masked: z.boolean().meta({ description: 'Whether gender, addresses and contact persons are left out' }),
    version: z.int().meta({ description: '0 when nothing was told yet; also in ETag' }),
    changedAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'ReadParticulars' });

export const particularsVersion = z.object({ version: z.int() }).meta({ id: 'ParticularsVersion' });

/** The particulars as members takes them. */
export function particularsOf({ gender, ...body }: ParticularsBody): Particulars {
  return Particulars.fromPartial({
    gender: gender === undefined ? Gender.UNSPECIFIED : genders.number(gender),
    addresses: body.addresses.map(filled),
    diningPreferences: body.diningPreferences,
    shoppingPreferences: body.shoppingPreferences,
    needs: body.needs.map((each) => ({ kind: needs.number(each.kind), detail: each.detail ?? '' })),
    contactPersons: body.contactPersons.map(filled),
  });
}

export function particularsAnswer({ particulars, ...read }: GetParticularsResponse) {
  const told = particulars ?? Particulars.fromPartial({});
  return {
    ...read,
    particulars: {
      gender: told.gender === Gender.UNSPECIFIED ? undefined : genders.word(told.gender),
      addresses: told.addresses.map(shown),
      diningPreferences: told.diningPreferences,
      shoppingPreferences: told.shoppingPreferences,
      needs: told.needs.map(({ kind, detail }) => ({ kind: needs.word(kind), detail: detail || undefined })),
      contactPersons: told.contactPersons.map(shown),
    },
  };
}

/** proto3 has no missing texts. */
function filled<Fields extends object>(fields: Fields): { [Name in keyof Fields]-?: NonNullable<Fields[Name]> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Name in keyof Fields]-?: NonNullable<Fields[Name]> };
}

function shown(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}
