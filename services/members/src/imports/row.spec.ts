import { describe, expect, it } from '@jest/globals';
import { Temporal } from 'temporal-polyfill';
import { EncodingCount } from './encoding.js';
import { csvRows, ndjsonRows, textOf } from './file.js';
import { type FileRow, rowReader } from './row.js';

const moment = { now: new Date('2026-11-20T00:00:00Z'), today: Temporal.PlainDate.from('2026-11-20') };
const terms = {
  dryRun: false,
  source: 'old-crm',
  benefitsVersion: '2026-05',
  privacyVersion: '2026-05',
  acceptedAt: '2026-05-01T00:00:00Z',
  language: 'zh-CN',
};

/** A file in pieces of so many bytes, so that pieces end within characters and rows. */
async function* inPieces(bytes: Buffer, length = 7): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield await Promise.resolve(bytes.subarray(at, at + length));
}

async function rowsOf(text: string | Buffer, kind: 'csv' | 'ndjson' = 'csv'): Promise<FileRow[]> {
  const bytes = Buffer.from(text as string);
  const count = new EncodingCount();
  for await (const piece of inPieces(bytes)) count.add(piece);
  const texts = textOf(inPieces(bytes), count.end());
  const rows: FileRow[] = [];
  for await (const row of kind === 'csv' ? csvRows(texts) : ndjsonRows(texts)) rows.push(row);
  return rows;
}

const faultsOf = (row: FileRow) => {
  const told = rowReader(terms, moment)(row);
  return 'draft' in told ? [] : told.map(({ pointer, reason }) => `${reason} ${pointer}`);
};

describe('A file with members', () => {
  it('[M1] is read with its heading, quoted commas and line ends, with Chinese headings too', async () => {
    const rows = await rowsOf(
      '编号,姓名,手机,生日\r\n7,"王, 小明",13800138001,1996-02-29\r\n8,"李\n娜",13800138002,5/1\r\n',
    );
    expect(rows[0]).toEqual({
      line: 2,
      fields: { externalId: '7', name: '王, 小明', mobile: '13800138001', birthday: '1996-02-29' },
    });
    const candidate = rowReader(terms, moment)(rows[0] as FileRow);
    if (!('draft' in candidate)) throw new Error(JSON.stringify(candidate));
    expect(candidate.draft.person).toMatchObject({
      mobile: '+8613800138001',
      birthday: { year: 1996, month: 2, day: 29 },
    });
    expect(candidate.draft.acceptances.map(({ notice, version }) => `${notice} ${version}`)).toEqual([
      'benefits 2026-05',
      'privacy 2026-05',
    ]);
  });

  it('[M1] is read in GB18030 when it is written so, and rows that cannot be read are told', async () => {
    // 姓名,… and 李娜 in GB18030; the last row ends within a character.
    const heading = Buffer.concat([
      Buffer.from('externalId,'),
      Buffer.from([0xd0, 0xd5, 0xc3, 0xfb]),
      Buffer.from(',mobile\n'),
    ]);
    const good = Buffer.concat([
      Buffer.from('1,'),
      Buffer.from([0xc0, 0xee, 0xc4, 0xc8]),
      Buffer.from(',13800138001\n'),
    ]);
    const bad = Buffer.concat([Buffer.from('2,'), Buffer.from([0xff, 0xff]), Buffer.from(',13800138002\n')]);
    const rows = await rowsOf(Buffer.concat([heading, good, bad]));
    expect(rows).toEqual([
      { line: 2, fields: { externalId: '1', name: '李娜', mobile: '13800138001' } },
      { line: 3, fault: 'UNREADABLE' },
    ]);
  });

  it('[M1] stays UTF-8 when a few bytes of it are broken', async () => {
    const text = `externalId,name,mobile\n${Array.from({ length: 20 }, (_, at) => `${at},王小明,138001380${at + 10}\n`).join('')}`;
    const rows = await rowsOf(Buffer.concat([Buffer.from(text), Buffer.from([0x39, 0x2c, 0xe7, 0x2c, 0x31, 0x0a])]));
    expect(rows).toHaveLength(21);
    expect(rows[20]).toEqual({ line: 22, fault: 'UNREADABLE' });
    expect(rows[3]).toMatchObject({ fields: { name: '王小明' } });
  });

  it('[M1] reads up to a row whose quotes do not fit together, names it, and says that the file cannot be read on', async () => {
    const seen: FileRow[] = [];
    const text = 'externalId,name,mobile\n1,王小明,13800138001\n2,"李"娜,13800138002\n3,陈,13800138003\n';
    const reading = async () => {
      for await (const row of csvRows(textOf(inPieces(Buffer.from(text)), 'utf-8'))) seen.push(row);
    };
    await expect(reading()).rejects.toMatchObject({ reason: 'BROKEN_QUOTING' });
    expect(seen).toMatchObject([{ line: 2 }, { line: 3, fault: 'BROKEN_QUOTING' }]);
  });

  it('[M1] is read as lines of JSON, and a line that is none is told', async () => {
    const rows = await rowsOf(
      '{"externalId":"1","name":"李娜","email":"li@guests.example"}\n\n{"external\n[1]\n',
      'ndjson',
    );
    expect(rows.map((row) => ('fault' in row ? `${row.line} ${row.fault}` : row.line))).toEqual([
      1,
      '3 MALFORMED_JSON',
      '4 MALFORMED_JSON',
    ]);
  });

  it('[M1][M2] has every fault of a row told at once, by the same rules as for one person', () => {
    const fields = {
      externalId: '',
      name: 'Аnna',
      mobile: '+86123',
      birthday: '1996-02-30',
      nature: 'robot',
      tea: 'x',
    };
    expect(faultsOf({ line: 2, fields })).toEqual([
      'MALFORMED /externalId',
      'MALFORMED /tea',
      'MALFORMED /name',
      'MALFORMED /mobile',
      'MALFORMED /birthday',
      'MALFORMED /nature',
    ]);
    expect(faultsOf({ line: 2, fields: { externalId: '1', name: '李娜' } })).toEqual(['MALFORMED /mobile']);
  });
});
