import { describe, expect, it } from '@jest/globals';
import { type WrittenPurchase, yardstickSql } from './yardstick-sql.js';

const written: WrittenPurchase = {
  idempotency: { caller: "'till'", key: "'k'" },
  purchase: { store_id: "'s'", receipt_number: "'r'", purchase_id: "'p'", member_id: "'m'", total_minor: '9600' },
  account: { member_id: "'m'", balance: '5000', member_seq: '17' },
  member_day: { member_id: "'m'", points: '5000', spent_minor: '500000' },
  entry: { entry_id: "'p'", member_id: "'m'", points: '96', balance_after: '5000', member_seq: '17', source_id: "'p'" },
  lot: { lot_id: "'p'", member_id: "'m'" },
  outbox: { id: "'e'", aggregateid: "'m'", member_seq: '17', payload: "'{}'" },
};

describe('The SQL of the yardstick', () => {
  const sql = yardstickSql(written);

  it('writes into every table that a purchase of loyalty writes into, one statement each, in one transaction', () => {
    for (const table of Object.keys(written)) {
      expect(sql.perTable.split(`INSERT INTO ${table} `)).toHaveLength(2);
      expect(sql.createFunction.split(`INSERT INTO ${table} `)).toHaveLength(2);
    }
    const lines = sql.perTable.trim().split('\n');
    expect(lines.filter((line) => /^(BEGIN|COMMIT);$/.test(line))).toEqual(['BEGIN;', 'COMMIT;']);
    expect(lines.at(-1)).toBe('COMMIT;');
  });

  it('adds what one purchase earned to the balance, not what the member of the pattern had', () => {
    expect(sql.perTable).toMatch(/INSERT INTO account .* VALUES \(.*, 96, 1\)/);
    expect(sql.perTable).toMatch(/INSERT INTO member_day .* VALUES \(.*, 96, 9600\)/);
  });

  it('gives every purchase ids, keys and receipt numbers of its own', () => {
    for (const [table, column] of [
      ['idempotency', "'k'"],
      ['purchase', "'r'"],
      ['purchase', "'p'"],
      ['entry', "'p'"],
      ['lot', "'p'"],
      ['outbox', "'e'"],
    ] as const) {
      const statement = sql.perTable.split('\n').find((line) => line.startsWith(`INSERT INTO ${table} `));
      expect(statement).not.toContain(column);
    }
  });
});
