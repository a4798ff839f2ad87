import { serviceSettings } from '@regulars/service';
import { z } from 'zod';

/** What complaints reads from its environment. */
export const complaintsSettings = serviceSettings.extend({
  /** 32 bytes in base64; wraps the data key of each case. */
  KEY_ENCRYPTION_KEY: z
    .base64()
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((key) => key.length === 32, '32 bytes in base64 are expected'),
});

export type ComplaintsSettings = Readonly<z.output<typeof complaintsSettings>>;
