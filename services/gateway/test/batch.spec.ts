import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PostPurchaseItem, type PostPurchasesRequest, Urgency } from '@regulars/contracts/loyalty/v1/purchases';
import { eventually } from '@regulars/testing';
import { announceTill, type Edge, purchaseBody, startEdge, type TestTill } from './edge.js';
import { creditAll } from './owners.js';

let edge: Edge;
let till: TestTill;
let items: PostPurchaseItem[];

beforeAll(async () => {
  edge = await startEdge();
  till = await announceTill(edge);
  edge.owners.answer('postPurchases', (load: PostPurchasesRequest) => {
    items.push(...load.items);
    return creditAll(load);
  });
});

afterAll(() => edge.stop());

interface BatchLine {
  line?: number;
  status?: number;
  problem?: { code: string };
  end?: boolean;
  whole?: boolean;
  lines?: number;
  reason?: string;
}

/** Sends pieces of a batch as they are; `cut` drops the connection behind them. */
function send(pieces: readonly (string | Buffer)[], cut = false): Promise<{ status: number; lines: BatchLine[] }> {
  items = [];
  const { port } = edge.app.getHttpServer().address() as { port: number };
  return new Promise((resolve, reject) => {
    const sending = httpRequest({
      port,
      method: 'POST',
      path: '/v1/purchases:batch',
      headers: { authorization: `Bearer ${till.key}`, 'content-type': 'application/x-ndjson' },
    });
    sending.on('error', reject).on('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => {
        const lines = text.split('\n').filter(Boolean);
        resolve({ status: answer.statusCode ?? 0, lines: lines.map((line) => JSON.parse(line) as BatchLine) });
      });
      answer.on('error', reject);
    });
    for (const piece of pieces) sending.write(piece);
    if (cut) setTimeout(() => sending.destroy(), 200);
    else sending.end();
  });
}

const purchase = (number: number, over = {}) =>
  `${JSON.stringify(purchaseBody({ receiptNumber: `B-${number}`, ...over }))}\n`;
const range = (length: number) => Array.from({ length }, (_, index) => index + 1);

describe('An offline batch', () => {
  it('[L2] answers a result for every line in order, and that it was whole', async () => {
    const { status, lines } = await send(range(1_000).map((number) => purchase(number)));
    expect(status).toBe(200);
    expect(lines.slice(0, -1).map(({ line, status }) => [line, status])).toEqual(
      range(1_000).map((line) => [line, 201]),
    );
    expect(lines.at(-1)).toEqual({ end: true, lines: 1_000, whole: true });
    expect(items).toHaveLength(1_000);
    expect(items.every(({ urgency, idempotencyKey }) => urgency === Urgency.OFFLINE && idempotencyKey === '')).toBe(
      true,
    );
  });

  it('[L2] refuses a bad line by itself and credits the rest', async () => {
    const { lines } = await send([
      purchase(1),
      purchase(2, { totalMinor: 1 }),
      'not json\n',
      purchase(4, { storeId: '0199c0de-0000-7000-8000-0000000000f1' }),
      `${JSON.stringify({ note: 'x'.repeat(64 * 1024) })}\n`,
      purchase(6),
    ]);
    expect(lines.slice(0, -1).map(({ status, problem }) => [status, problem?.code])).toEqual([
      [201, undefined],
      [400, 'MALFORMED'],
      [400, 'MALFORMED_JSON'],
      [403, 'STORE_NOT_ALLOWED'],
      [413, 'LINE_TOO_LONG'],
      [201, undefined],
    ]);
    expect(lines.at(-1)).toEqual({ end: true, lines: 6, whole: true });
  });

  it('[L2] takes a thousand lines and tells that more came', async () => {
    const { lines } = await send(range(1_001).map((number) => purchase(number)));
    expect(lines.at(-2)).toMatchObject({ line: 1_001, status: 413, problem: { code: 'TOO_MANY_LINES' } });
    expect(lines.at(-1)).toEqual({ end: true, lines: 1_001, whole: false, reason: 'TOO_MANY_LINES' });
    expect(items).toHaveLength(1_000);
  });

  it('[L2] keeps the complete lines of a stream that ends in the middle of a line', async () => {
    const { lines } = await send([purchase(1), purchase(2), purchase(3).slice(0, 40)]);
    expect(lines.map(({ status }) => status)).toEqual([201, 201, 400, undefined]);
    expect(lines.at(-1)).toMatchObject({ whole: false, reason: 'CUT_OFF' });
    expect(items).toHaveLength(2);
  });

  it('[L2] keeps the complete lines when the connection breaks', async () => {
    await expect(send([purchase(1), purchase(2), purchase(3).slice(0, 40)], true)).rejects.toThrow();
    await eventually(() =>
      expect(items.map(({ purchase }) => purchase?.receipt?.receiptNumber)).toEqual(['B-1', 'B-2']),
    );
    expect((await send([purchase(9)])).status).toBe(200);
  });
});
