import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { SETTINGS } from '@regulars/service';
import { createTransport } from 'nodemailer';
import type { NotificationsSettings } from '../notifications.config.js';
import { type Attempt, attemptOf, type SmtpFailure } from './delivery.js';
import type { RenderedMessage } from './render.js';
import type { Language } from './templates.js';

/** An e-mail to one person. */
export interface Mail extends RenderedMessage {
  /** The same whenever this message is tried: it becomes the Message-ID, by which mail programs drop a second copy. */
  readonly messageId: string;
  readonly to: string;
  readonly language: Language;
}

/** How many connections are kept to the provider, and so how many messages are under way at once. */
export const mailConnections = 5;

/** Hands messages to the provider over SMTP (requirement N1). */
@Injectable()
export class MailClient implements OnApplicationShutdown {
  readonly #log = new Logger(MailClient.name);
  readonly #from: string;
  readonly #domain: string;
  readonly #smtp: ReturnType<typeof pooled>;

  constructor(@Inject(SETTINGS) { SMTP_URL, MAIL_FROM }: NotificationsSettings) {
    this.#from = MAIL_FROM;
    this.#domain = MAIL_FROM.replace(/^.*@/, '').replace('>', '');
    this.#smtp = pooled(SMTP_URL);
  }

  /** One try. Never throws for what the provider or the line did; given up when `signal` says so. */
  async send(mail: Mail, signal: AbortSignal): Promise<Attempt> {
    try {
      await this.#smtp.sendMail({
        from: this.#from,
        to: { name: '', address: mail.to },
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        messageId: `<${mail.messageId}@${this.#domain}>`,
        headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': mail.language },
        disableFileAccess: true,
        disableUrlAccess: true,
        signal,
      });
      return { outcome: 'taken' };
    } catch (error) {
      // The text of the failure repeats the address, so it is not logged.
      const { code, responseCode, command, syscall, timeoutType } = error as SmtpFailure;
      const failure = { code, responseCode, command, syscall, timeoutType };
      this.#log.warn({ messageId: mail.messageId, ...failure }, 'the provider did not take a message');
      return attemptOf(failure);
    }
  }

  onApplicationShutdown(): void {
    this.#smtp.close();
  }
}

function pooled(url: string) {
  return createTransport({
    url,
    pool: true,
    maxConnections: mailConnections,
    maxMessages: 1_000,
    maxRequeues: 0,
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 10_000,
  });
}
