import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Line, Lines } from './lines.js';

function cut(chunks: readonly Buffer[], longest = 64): Line[] {
  const lines = new Lines(longest);
  return [...chunks.flatMap((chunk) => [...lines.push(chunk)]), ...lines.end()];
}

describe('The lines of a batch', () => {
  it('[L2] are the same however the stream was cut into pieces', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replace(/\s/gu, '_')));
    fc.assert(
      fc.property(texts, fc.array(fc.integer({ min: 1, max: 7 })), (written, sizes) => {
        const bytes = Buffer.from(written.join('\n'));
        const chunks: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % Math.max(sizes.length, 1)] ?? 5;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(cut(chunks, 1_000)).toEqual(cut([bytes], 1_000));
        const expected = written.flatMap((text, index) => (text === '' ? [] : [{ number: index + 1, text }]));
        expect(cut(chunks, 1_000)).toEqual(expected);
      }),
    );
  });

  it('[L2] skip empty lines but count them', () => {
    expect(cut([Buffer.from('a\n\r\n\nb\n')])).toEqual([
      { number: 1, text: 'a' },
      { number: 4, text: 'b' },
    ]);
  });

  it('[L2] are told when they are too long, and the next one is read again', () => {
    const long = 'x'.repeat(65);
    expect(cut([Buffer.from(`a\n${long.slice(0, 30)}`), Buffer.from(`${long.slice(30)}\nb`)])).toEqual([
      { number: 1, text: 'a' },
      { number: 2, tooLong: true },
      { number: 3, text: 'b' },
    ]);
  });
});
