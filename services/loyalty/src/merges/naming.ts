import { fingerprintOf } from '../purchases/content.js';

/** How tills may have told a member. */
export interface Named {
  readonly memberId: string;
  readonly number: string;
  readonly codeTokenSha256: Buffer;
}

/** A purchase as it is stored, as far as it tells who was named when it was rung up. */
export interface NamedPurchase {
  readonly memberId: string | null;
  readonly fingerprint: Buffer;
  readonly currency: string;
  readonly totalMinor: number;
  readonly channel: string;
  readonly partySize: number;
  /** As stored, byte by byte. */
  readonly lines: string;
  readonly payments: string;
}

/**
 * Whether one of the members was named when a purchase was rung up, by id, number or code: the fingerprint of a purchase
 * is also of who was named, so nothing has to be kept of it on the purchase path.
 */
export function names(purchase: NamedPurchase, members: readonly Named[]): boolean {
  const { currency, totalMinor, channel, partySize, lines, payments, fingerprint } = purchase;
  const head = { currency, totalMinor, channel, partySize };
  return members.some(
    ({ memberId, number, codeTokenSha256 }) =>
      purchase.memberId === memberId ||
      [`id:${memberId}`, `number:${number}`, `token:${codeTokenSha256.toString('hex')}`].some((told) =>
        fingerprintOf(told, head, lines, payments).equals(fingerprint),
      ),
  );
}
