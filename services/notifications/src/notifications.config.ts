import { serviceSettings } from '@regulars/service';
import { z } from 'zod';

/** What notifications reads from its environment. */
export const notificationsSettings = serviceSettings.extend({
  /** The provider, such as smtp://user:password@mail.example:587; smtps:// for TLS from the first byte. */
  SMTP_URL: z.string().regex(/^smtps?:\/\/./, 'an smtp:// or smtps:// address is expected'),
  /** Whom messages are from, such as `Regulars <no-reply@regulars.example>`; the domain also ends every Message-ID. */
  MAIL_FROM: z.string().regex(/^[^@]+@[^@\s<>]+>?$/, 'an e-mail address, with a name before it or not, is expected'),
  /**
   * Domain of an e-mail-to-SMS gateway, such as sms.example: a code for +8613800138000 goes to
   * 8613800138000@sms.example. Without it codes go to e-mail addresses only.
   */
  SMS_MAIL_DOMAIN: z
    .string()
    .regex(/^[a-z0-9.-]+$/, 'a domain is expected')
    .optional(),
  /** Where the members service answers: host:port, or a name whose addresses are used in turn. */
  MEMBERS_ADDR: z.string().min(1),
  /** It asks members for addresses under its own name. */
  PRINCIPAL_PRIVATE_KEY: z.string().min(1),
});

export type NotificationsSettings = Readonly<z.output<typeof notificationsSettings>>;
