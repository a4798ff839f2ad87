import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { column, columnOf } from './column.js';

describe('Arrays as PostgreSQL reads them', () => {
  const client = new pg.Client({ connectionString: process.env.REGULARS_TEST_DATABASE_URL });

  beforeAll(() => client.connect());
  afterAll(() => client.end());

  async function read<T>(type: string, parameter: string): Promise<T[]> {
    const { rows } = await client.query<{ values: T[] }>(`SELECT $1::${type}[] AS values`, [parameter]);
    return rows[0]?.values ?? [];
  }

  it('brings every text back as it was', async () => {
    const texts = fc.array(fc.option(fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''))));
    await fc.assert(
      fc.asyncProperty(texts, async (values) => {
        expect(await read('text', column(values))).toEqual(values);
      }),
      { numRuns: 50, examples: [[['', 'NULL', 'null', '{}', 'a,b', ' x ', '"', '\\', '\\"', null, '牛肉面']]] },
    );
  });

  it('brings bytes and numbers back as they were', async () => {
    const bytes = [Buffer.from([0, 1, 255, 92, 34]), null, Buffer.alloc(0)];
    expect(await read('bytea', column(bytes))).toEqual(bytes);
    const numbers = [0, -1, Number.MAX_SAFE_INTEGER, null];
    expect((await read<string | null>('int8', column(numbers))).map((value) => value && Number(value))).toEqual(
      numbers.map((value) => value),
    );
  });

  it('takes one field of every row', () => {
    expect(columnOf([{ id: 1 }, { id: 2 }], ({ id }) => id)).toBe('{1,2}');
    expect(columnOf([], () => 'x')).toBe('{}');
  });
});
