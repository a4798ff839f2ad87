import { describe, expect, it } from '@jest/globals';
import { counterOfPerson, counterOfTill } from './counter.js';

const own = { storeId: 'store-a', tillId: 'till-1' };
const known = {
  hasStore: (storeId: string) => storeId === 'store-a',
  hasTill: (storeId: string, tillId: string) => storeId === 'store-a' && tillId === 'till-1',
};

describe('Where a till posts', () => {
  it('[O4] is at itself, named or not', () => {
    expect(counterOfTill({}, own)).toEqual(own);
    expect(counterOfTill(own, own)).toEqual(own);
  });

  it('[O4] is nowhere else, and every foreign name is told', () => {
    expect(counterOfTill({ storeId: 'store-b', tillId: 'till-9' }, own)).toMatchObject({
      status: 403,
      code: 'STORE_NOT_ALLOWED',
      errors: [{ pointer: '/storeId' }, { pointer: '/tillId' }],
    });
  });
});

describe('Where a person posts', () => {
  it('[O4] is a till of a store within the scope', () => {
    expect(counterOfPerson(own, '*', known)).toEqual(own);
    expect(counterOfPerson(own, ['store-a'], known)).toEqual(own);
    expect(counterOfPerson(own, ['store-b'], known)).toMatchObject({ status: 403, code: 'STORE_NOT_ALLOWED' });
  });

  it('[L1] has to be named, and to be there', () => {
    expect(counterOfPerson({}, '*', known)).toMatchObject({
      status: 400,
      errors: [{ pointer: '/storeId' }, { pointer: '/tillId' }],
    });
    expect(counterOfPerson({ ...own, storeId: 'store-c' }, '*', known)).toMatchObject({
      status: 404,
      code: 'STORE_UNKNOWN',
    });
    expect(counterOfPerson({ ...own, tillId: 'till-2' }, '*', known)).toMatchObject({ code: 'TILL_UNKNOWN' });
  });
});
