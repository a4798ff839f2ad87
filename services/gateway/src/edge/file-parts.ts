import type { Readable } from 'node:stream';

const partBytes = 512 * 1024;

/** A stream in pieces of the length of a part: no more than one of them is held. */
export async function* inParts(body: Readable): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    held.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes < partBytes) continue;
    yield Buffer.concat(held);
    [held, bytes] = [[], 0];
  }
  if (bytes > 0) yield Buffer.concat(held);
}
