import { serviceSettings } from '@regulars/service';
import { z } from 'zod';

const keyLength = 32;

const key = z
  .string()
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((bytes) => bytes.length === keyLength, 'base64 of 32 bytes is expected');

/** What members reads from its environment besides what every service does. */
export const membersSettings = serviceSettings
  .extend({
    /** Wraps the data keys of members; kept and backed up apart from the database. */
    KEY_ENCRYPTION_KEY: key,
    /** Makes the blind indexes of mobiles and e-mails. */
    BLIND_INDEX_KEY: key,
  })
  .refine(({ KEY_ENCRYPTION_KEY, BLIND_INDEX_KEY }) => !KEY_ENCRYPTION_KEY.equals(BLIND_INDEX_KEY), {
    message: 'another key than KEY_ENCRYPTION_KEY is expected',
    path: ['BLIND_INDEX_KEY'],
  });

export type MembersSettings = Readonly<z.output<typeof membersSettings>>;
