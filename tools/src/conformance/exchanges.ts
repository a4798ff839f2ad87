/** A request of a till as the watch between it and the gateway saw it. */
export interface Exchange {
  readonly atMs: number;
  readonly path: string;
  readonly bearer: string;
  readonly idempotencyKey: string;
  /** `Signature-Input` (RFC 9421); empty where the till does not sign. */
  readonly signatureInput: string;
  /** `Content-Digest` (RFC 9530). */
  readonly digest: string;
  /** The bytes that were sent. */
  readonly body: string;
  /** What the till was answered; undefined where the connection was cut. */
  answered: { readonly status: number; readonly atMs: number; readonly body: string } | undefined;
}

/** The fields of a purchase or refund that the rules look at. */
export interface Posted {
  readonly businessDate?: string;
  readonly receiptNumber?: string;
  readonly rungAt?: string;
  readonly purchase?: { readonly businessDate?: string; readonly receiptNumber?: string };
}

/** What stood in a request; for a batch, in each of its lines. */
export function postedIn({ path, body }: Exchange): Posted[] {
  const texts = path.endsWith(':batch') ? body.split('\n').filter((line) => line.trim() !== '') : [body];
  return texts.flatMap((text) => {
    try {
      return [JSON.parse(text) as Posted];
    } catch {
      return [];
    }
  });
}

/** What makes two posts the same receipt. */
export function receiptOf({ businessDate = '', receiptNumber = '' }: Posted): string {
  return `${businessDate} ${receiptNumber}`;
}

/** Whether the gateway took it, or had taken it before. */
export function isTaken({ answered }: Exchange): boolean {
  return answered !== undefined && answered.status >= 200 && answered.status < 300;
}
