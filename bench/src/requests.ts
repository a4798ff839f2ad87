import { randomUUID } from 'node:crypto';
import { type Baskets, baskets } from './baskets.js';

/** A till that posts purchases. */
export interface Till {
  storeId: string;
  tillId: string;
  key: string;
}

/** What a generator asks for, as plain data, because it is told to another process. */
export type Requests =
  | {
      kind: 'purchases';
      tills: readonly Till[];
      /** Member numbers, drawn at random. */
      members: readonly string[];
      businessDate: string;
      /** Makes receipt numbers and keys of this run unlike those of any other. */
      run: string;
    }
  | { kind: 'reads'; paths: readonly string[]; bearer: string | undefined }
  /** Each once, in order; a body is JSON. */
  | { kind: 'posts'; posts: readonly (readonly [path: string, body: string])[]; bearer: string };

/** Makes the next request, head and body as they go over the wire. */
export type NextRequest = () => string;

/** How to recognise in an answer that what was asked for was done. */
export const ACKNOWLEDGED = '"credited"';

export function requestsOf(requests: Requests, host: string): NextRequest {
  switch (requests.kind) {
    case 'purchases':
      return purchases(requests, host);
    case 'reads':
      return reads(requests, host);
    case 'posts':
      return posts(requests, host);
  }
}

function posts({ posts: all, bearer }: Requests & { kind: 'posts' }, host: string): NextRequest {
  const head = `host: ${host}\r\nauthorization: Bearer ${bearer}\r\ncontent-type: application/json\r\n`;
  let next = 0;
  return () => {
    const post = all[next++];
    if (!post) throw new RangeError('There are fewer posts than the load asks for');
    const [path, body] = post;
    const keyed = `idempotency-key: ${randomUUID()}\r\ncontent-length: ${Buffer.byteLength(body)}`;
    return `POST ${path} HTTP/1.1\r\n${head}${keyed}\r\n\r\n${body}`;
  };
}

function reads({ paths, bearer }: Requests & { kind: 'reads' }, host: string): NextRequest {
  const rest = ` HTTP/1.1\r\nhost: ${host}\r\n${bearer ? `authorization: Bearer ${bearer}\r\n` : ''}\r\n`;
  const texts = paths.map((path) => `GET ${path}${rest}`);
  let next = 0;
  return () => texts[next++ % texts.length] as string;
}

function purchases({ tills, members, businessDate, run }: Requests & { kind: 'purchases' }, host: string): NextRequest {
  const shelf: Baskets = baskets();
  const heads = tills.map((till) => ({
    head: `POST /v1/purchases HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${till.key}\r\ncontent-type: application/json\r\n`,
    till: `"storeId":"${till.storeId}","tillId":"${till.tillId}"`,
  }));
  let count = 0;
  return () => {
    const number = count++;
    const { head, till } = heads[number % heads.length] as (typeof heads)[number];
    const basket = shelf[number % shelf.length] as Baskets[number];
    const member = members[Math.floor(Math.random() * members.length)] as string;
    const receiptNumber = `${run}-${number}`;
    const start = purchaseStart(till, businessDate, receiptNumber, member);
    // Only the basket holds letters outside ASCII, so that the length is known without encoding it again.
    const length = start.length + basket.bytes;
    return `${head}idempotency-key: ${receiptNumber}\r\ncontent-length: ${length}\r\n\r\n${start}${basket.json}`;
  };
}

/** Purchases as lines of an offline batch: what a till has stored while it was offline. */
export function batchLines(
  till: Till,
  members: readonly string[],
  businessDate: string,
  run: string,
  count: number,
): string {
  const shelf: Baskets = baskets();
  const who = `"storeId":"${till.storeId}","tillId":"${till.tillId}"`;
  const lines = Array.from({ length: count }, (_, number) => {
    const member = members[Math.floor(Math.random() * members.length)] as string;
    return `${purchaseStart(who, businessDate, `${run}-${number}`, member)}${shelf[number % shelf.length]?.json}\n`;
  });
  return lines.join('');
}

function purchaseStart(till: string, businessDate: string, receiptNumber: string, member: string): string {
  return (
    `{${till},"businessDate":"${businessDate}","receiptNumber":"${receiptNumber}",` +
    `"rungAt":"${businessDate}T12:00:00+08:00","member":{"number":"${member}"},`
  );
}
