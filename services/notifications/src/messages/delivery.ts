/** Why a message was not tried, or the provider would not have it: no further try can help. */
export type LastingReason =
  | 'NO_ADDRESS'
  | 'MEMBER_UNKNOWN'
  | 'VARIABLE_MISSING'
  | 'ADDRESS_REFUSED'
  | 'PROVIDER_REFUSED'
  | 'EXPIRED';

/** Why a try has to be repeated. */
export type PassingReason = 'MEMBERS_UNAVAILABLE' | 'STORE_UNKNOWN' | 'PROVIDER_UNAVAILABLE';

/** What one try came to. */
export type Attempt =
  | { readonly outcome: 'taken' }
  | { readonly outcome: 'suppressed'; readonly reason: 'NO_ADDRESS' | 'MEMBER_UNKNOWN' }
  | { readonly outcome: 'refused'; readonly reason: LastingReason }
  /** `maybeTaken`: the provider may have it although it never said so. */
  | { readonly outcome: 'not-now'; readonly reason: PassingReason; readonly maybeTaken: boolean };

/** What becomes of a message after a try. */
export interface Verdict {
  readonly state: 'WAITING' | 'SENT' | 'FAILED' | 'SUPPRESSED';
  readonly reason: LastingReason | PassingReason | undefined;
  /** When to try next, in state WAITING. */
  readonly dueAt: Date;
  /** Whether another try may be a second delivery. */
  readonly maybeTaken: boolean;
}

const firstPauseMs = 5_000;
const longestPauseMs = 15 * 60_000;

/**
 * Decides on a message after a try (requirement N6): pauses double up to a quarter of an hour, spread by half either way
 * so that what failed together does not come back together, and end where the message is no longer worth sending.
 *
 * @param jitter 0 to 1, drawn by the caller
 */
export function verdictOn(
  message: { readonly attempts: number; readonly expiresAt: Date },
  attempt: Attempt,
  now: Date,
  jitter: number,
): Verdict {
  switch (attempt.outcome) {
    case 'taken':
      return { state: 'SENT', reason: undefined, dueAt: now, maybeTaken: false };
    case 'suppressed':
      return { state: 'SUPPRESSED', reason: attempt.reason, dueAt: now, maybeTaken: false };
    case 'refused':
      return { state: 'FAILED', reason: attempt.reason, dueAt: now, maybeTaken: false };
    case 'not-now': {
      const { reason, maybeTaken } = attempt;
      const pauseMs = Math.min(firstPauseMs * 2 ** (message.attempts - 1), longestPauseMs) * (0.5 + jitter);
      const dueAt = new Date(now.getTime() + pauseMs);
      return { state: dueAt < message.expiresAt ? 'WAITING' : 'FAILED', reason, dueAt, maybeTaken };
    }
  }
}

/** What an SMTP client tells of a try that failed. */
export interface SmtpFailure {
  /** nodemailer's, such as EENVELOPE. */
  readonly code?: string | undefined;
  /** The provider's reply (RFC 5321), where it replied. */
  readonly responseCode?: number | undefined;
  /** The command that failed. */
  readonly command?: string | undefined;
  /** The call of the operating system that failed, such as connect. */
  readonly syscall?: string | undefined;
  /** nodemailer's, such as GREETING_TIMEOUT. */
  readonly timeoutType?: string | undefined;
}

const beforeTheMessage = new Set(['CONNECT_TIMEOUT', 'GREETING_TIMEOUT', 'UPGRADE_TIMEOUT']);

/**
 * Reads a failed try. A permanent reply (5yz) to the recipient or to the message is the end of it; wrong credentials and
 * a session out of step are our own affair and pass. Where the line went dead without a reply after it had been open,
 * the provider may have taken the message.
 */
export function attemptOf({ code, responseCode, command, syscall, timeoutType }: SmtpFailure): Attempt {
  const aboutRecipient = command === 'RCPT TO' || (code === 'EENVELOPE' && command === 'API');
  const isPermanent = responseCode === undefined ? code === 'EENVELOPE' : responseCode >= 500 && responseCode !== 503;
  const aboutMessage = code === 'EENVELOPE' || code === 'EMESSAGE';
  if (isPermanent && aboutMessage) {
    return { outcome: 'refused', reason: aboutRecipient ? 'ADDRESS_REFUSED' : 'PROVIDER_REFUSED' };
  }
  const neverOpen =
    syscall === 'connect' || code === 'EDNS' || code === 'ETLS' || beforeTheMessage.has(timeoutType ?? '');
  const maybeTaken = responseCode === undefined && code !== 'EAUTH' && !neverOpen;
  return { outcome: 'not-now', reason: 'PROVIDER_UNAVAILABLE', maybeTaken };
}
