import { Readable } from 'node:stream';
import { type CsvError, type Info, parse } from 'csv-parse';
import { type Encoding, isUnreadable } from './encoding.js';
import { columnsOf, type FileRow } from './row.js';

const longestRow = 64 * 1024;

/** A file that cannot be read at all. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';

  constructor(readonly reason: 'HEADING_UNKNOWN' | 'BROKEN_QUOTING') {
    super(reason);
  }
}

/** The text of a file, piece by piece. */
export async function* textOf(parts: AsyncIterable<Uint8Array>, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  for await (const part of parts) yield decoder.decode(part, { stream: true });
  yield decoder.decode();
}

/**
 * The rows of a CSV file with a heading, in the order of their lines (RFC 4180). From a row whose quotes do not fit
 * together nobody can tell where the next begins: it is told as broken, and what follows is not read.
 *
 * @throws UnreadableFile after such a row, and for a heading without the columns that every row needs
 */
export async function* csvRows(texts: AsyncIterable<string>): AsyncGenerator<FileRow> {
  let broken: FileRow | undefined;
  const source = Readable.from(texts, { objectMode: true });
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: longestRow,
    skip_records_with_error: true,
  });
  parser.on('skip', (error: CsvError | undefined) => {
    const fault = error?.code === 'CSV_MAX_RECORD_SIZE' ? 'TOO_LONG' : 'BROKEN_QUOTING';
    broken ??= { line: Number(error?.lines ?? 0), fault };
  });
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let columns: string[] | undefined;
  for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
    const line = info.lines;
    if (isAfter(line, broken)) break;
    if (!columns) {
      columns = columnsOf(record);
      if (!columns) throw new UnreadableFile('HEADING_UNKNOWN');
      continue;
    }
    yield rowOf(line, record, columns);
  }
  if (broken) {
    yield broken;
    throw new UnreadableFile('BROKEN_QUOTING');
  }
  if (!columns) throw new UnreadableFile('HEADING_UNKNOWN');
}

/** The rows of a file with a JSON object on each line. */
export async function* ndjsonRows(texts: AsyncIterable<string>): AsyncGenerator<FileRow> {
  let line = 0;
  for await (const text of linesOf(texts)) {
    line += 1;
    if (text === undefined) yield { line, fault: 'TOO_LONG' };
    else if (text.trim() !== '') yield jsonRow(line, text);
  }
}

function isAfter(line: number, broken: FileRow | undefined): boolean {
  return broken !== undefined && line >= broken.line;
}

function rowOf(line: number, record: readonly string[], columns: readonly string[]): FileRow {
  if (record.some(isUnreadable)) return { line, fault: 'UNREADABLE' };
  const fields = Object.fromEntries(record.map((value, at) => [columns[at] ?? `column ${at + 1}`, value]));
  return { line, fields };
}

function jsonRow(line: number, text: string): FileRow {
  if (isUnreadable(text)) return { line, fault: 'UNREADABLE' };
  try {
    const fields: unknown = JSON.parse(text);
    const isObject = typeof fields === 'object' && fields !== null && !Array.isArray(fields);
    return isObject ? { line, fields: fields as Record<string, unknown> } : { line, fault: 'MALFORMED_JSON' };
  } catch {
    return { line, fault: 'MALFORMED_JSON' };
  }
}

/** Lines without their ends; undefined for one that is too long, of which nothing is kept. */
async function* linesOf(texts: AsyncIterable<string>): AsyncGenerator<string | undefined> {
  let rest = '';
  let isTooLong = false;
  for await (const text of texts) {
    const pieces = (rest + text.replace(/^\ufeff/, '')).split('\n');
    rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      yield isTooLong || piece.length > longestRow ? undefined : piece;
      isTooLong = false;
    }
    if (rest.length > longestRow) [rest, isTooLong] = ['', true];
  }
  if (rest !== '' || isTooLong) yield isTooLong ? undefined : rest;
}
