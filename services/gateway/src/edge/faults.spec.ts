import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { faultsOf, idempotencyKeyFault } from './faults.js';

const order = z.strictObject({
  total: z.int(),
  lines: z.array(z.strictObject({ sku: z.string() })),
});

function faultsIn(value: unknown, place: 'body' | 'query' = 'body') {
  return faultsOf(order.safeParse(value).error?.issues ?? [], place);
}

describe('The faults of a request', () => {
  it('tells every fault at once, each with its JSON pointer', () => {
    const pointers = faultsIn({ total: 'much', lines: [{ sku: 'A' }, { sku: 7 }] }).map(({ pointer }) => pointer);
    expect(pointers).toEqual(['/total', '/lines/1/sku']);
  });

  it('tells one fault for each unknown field, where it stands', () => {
    const faults = faultsIn({ total: 1, lines: [{ sku: 'A', colour: 'red' }], 'a/b~c': 1 });
    expect(faults.map(({ pointer }) => pointer).sort()).toEqual(['/a~1b~0c', '/lines/0/colour']);
  });

  it('tells apart what stood in the body and what stood elsewhere', () => {
    expect(faultsIn({ lines: [] }, 'query')[0]?.pointer).toBe('/query/total');
    const [fault] = faultsOf(z.uuid().safeParse('x').error?.issues ?? [], 'path', 'memberId');
    expect(fault?.pointer).toBe('/path/memberId');
  });

  it('points at the whole body when that is no object', () => {
    expect(faultsIn(undefined)[0]?.pointer).toBe('');
  });
});

describe('An idempotency key', () => {
  it('is 1 to 128 printable ASCII characters', () => {
    for (const good of ['k', 'till 3: 42', 'x'.repeat(128)]) expect(idempotencyKeyFault(good)).toBeUndefined();
    for (const bad of [undefined, '', 'x'.repeat(129), 'schlüssel', 'a\nb', ['a', 'b']]) {
      expect(idempotencyKeyFault(bad)?.pointer).toBe('/headers/idempotency-key');
    }
  });
});
