import { timingSafeEqual } from 'node:crypto';

/** What a code is sent to. */
export type ContactKind = 'mobile' | 'email';

/** What a code is for. */
export type ChallengePurpose = 'contact' | 'sign-in';

/** How long a code is good. */
export const goodForMs = 10 * 60_000;
export const mostTries = 5;
/** Codes that one contact is sent within an hour. */
export const mostCodesAnHour = 5;

/** A challenge after a try at it was counted. */
export interface TriedChallenge {
  /** This try included. */
  readonly tries: number;
  readonly expiresAt: Date;
  readonly usedAt: Date | null;
}

export type TryResult = 'right' | 'CODE_WRONG' | 'CODE_USED' | 'CODE_EXPIRED' | 'TOO_MANY_TRIES';

/**
 * Decides on a code (requirement M3): good once, for ten minutes, within five tries; also the right code is refused after
 * those, so that guessing on does not pay.
 */
export function decideTry(challenge: TriedChallenge, right: string, given: string, now: Date): TryResult {
  if (challenge.usedAt) return 'CODE_USED';
  if (challenge.expiresAt <= now) return 'CODE_EXPIRED';
  if (challenge.tries > mostTries) return 'TOO_MANY_TRIES';
  const [a, b] = [Buffer.from(right), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b) ? 'right' : 'CODE_WRONG';
}

/**
 * Whether a mobile may have been given to somebody else meanwhile: operators hand out again what nobody uses.
 *
 * @param seenAt the last sign of the member who has it
 */
export function isIdle(seenAt: Date, idleDays: number, now: Date): boolean {
  return now.getTime() - seenAt.getTime() >= idleDays * 86_400_000;
}
