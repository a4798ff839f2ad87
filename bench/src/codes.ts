import { randomUUID } from 'node:crypto';
import type { Laboratory } from './laboratory.js';

/** How fast codes of a batch are made and streamed to whoever prints them (requirement L9). */
export async function measureCodes({ platform }: Laboratory, count: number): Promise<string> {
  const { gateway, tokens, programmeId } = platform;
  const call = async (method: 'GET' | 'POST', path: string, body?: object) => {
    const answer = await fetch(`${gateway.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tokens.marketing}`,
        'idempotency-key': randomUUID(),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const offer = { programmeId, code: 'PRINTED', nameZh: '印刷券', nameEn: 'Printed', kind: 'amount-off' };
  const terms = { ...offer, valueMinor: 1_000, validFrom: '2026-01-01' };
  const { definitionId } = (await (await call('POST', '/v1/coupon-definitions', terms)).json()) as {
    definitionId: string;
  };
  const { batchId } = (await (await call('POST', '/v1/coupon-batches', { definitionId, count })).json()) as {
    batchId: string;
  };
  const [made, again] = [await drained(call, batchId), await drained(call, batchId)];
  if (made.codes !== count || again.codes !== count) throw new Error(`${made.codes} codes of ${count} came`);
  const rate = ({ codes, seconds }: Drained) => `${Math.round(codes / seconds)} codes/s`;
  return `${count} codes made and streamed: ${rate(made)}; streamed again: ${rate(again)}`;
}

interface Drained {
  readonly codes: number;
  readonly seconds: number;
}

async function drained(call: (method: 'GET', path: string) => Promise<Response>, batchId: string): Promise<Drained> {
  const began = performance.now();
  const answer = await call('GET', `/v1/coupon-batches/${batchId}/codes`);
  let codes = 0;
  for await (const chunk of answer.body ?? []) for (const byte of chunk) if (byte === 10) codes += 1;
  return { codes, seconds: (performance.now() - began) / 1_000 };
}
