import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { linesOf, UnreadableFile } from './file.js';

async function* inParts(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function read(text: string, length = 1_000): Promise<string[]> {
  const lines: string[] = [];
  for await (const { line, text: told } of linesOf(inParts(Buffer.from(text), length)))
    lines.push(`${line} ${told.trim()}`);
  return lines;
}

describe('The lines of a file', () => {
  it('[L16] are the same however it comes in parts, also within a character', async () => {
    const line = fc.constantFrom('{}', '{"externalId":"会员一"}', '', '   ', 'a');
    await fc.assert(
      fc.asyncProperty(
        fc.array(line),
        fc.constantFrom('\n', '\r\n'),
        fc.integer({ min: 1, max: 9 }),
        async (all, end, length) => {
          const expected = all.map((text, index) => `${index + 1} ${text.trim()}`).filter((told) => !/ $/.test(told));
          expect(await read(all.join(end), length)).toEqual(expected);
        },
      ),
    );
  });

  it('[L16] begin behind a mark, and end where one is too long', async () => {
    expect(await read('\ufeff{}')).toEqual(['1 {}']);
    await expect(read(`{}\n${'x'.repeat(300_000)}`)).rejects.toThrow(UnreadableFile);
  });
});
