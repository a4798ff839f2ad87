import { serviceSettings } from '@regulars/service';
import { z } from 'zod';

const keyLength = 32;

const key = z
  .string()
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((bytes) => bytes.length === keyLength, 'base64 of 32 bytes is expected');

const keys = z
  .string()
  .transform((text) => text.split(',').map((each) => Buffer.from(each.trim(), 'base64')))
  .refine((all) => all.every((bytes) => bytes.length === keyLength), 'base64 of 32 bytes each is expected');

/** What members reads from its environment besides what every service does. */
export const membersSettings = serviceSettings
  .extend({
    /** Wraps the data keys of members; kept and backed up apart from the database. */
    KEY_ENCRYPTION_KEY: key,
    /** The key to come: it opens what processes wrap that have it already. */
    KEY_ENCRYPTION_KEY_NEXT: key.optional(),
    /** Keys that were, comma separated: they open what is still wrapped by them, which is then wrapped again. */
    KEY_ENCRYPTION_KEYS_RETIRED: keys.default([]),
    /** Makes the blind indexes of mobiles, e-mails and names. */
    BLIND_INDEX_KEY: key,
    /** The index key to come: members are indexed under it too, so that it can take over. */
    BLIND_INDEX_KEY_NEXT: key.optional(),
    /** The index key that was: members are still indexed under it for processes that look by it. */
    BLIND_INDEX_KEY_RETIRED: key.optional(),
    /** After so many days without a sign of a member a mobile may belong to somebody else: it has to be verified again. */
    MOBILE_IDLE_DAYS: z.coerce.number().int().min(1).max(3_650).default(365),
    /** Within so many days every service has to have answered an export or an erasure. */
    PRIVACY_ANSWER_DAYS: z.coerce.number().int().min(1).max(90).default(15),
    /** Where the loyalty service answers, which is asked when visits are compared: host:port, or a name. */
    LOYALTY_ADDR: z.string().min(1).default('loyalty:9000'),
  })
  .refine(({ KEY_ENCRYPTION_KEY, BLIND_INDEX_KEY }) => !KEY_ENCRYPTION_KEY.equals(BLIND_INDEX_KEY), {
    message: 'another key than KEY_ENCRYPTION_KEY is expected',
    path: ['BLIND_INDEX_KEY'],
  });

export type MembersSettings = Readonly<z.output<typeof membersSettings>>;
