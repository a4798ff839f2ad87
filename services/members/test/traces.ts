import { createHash } from 'node:crypto';

/** How a value would show in a dump that holds it: as text, in JSON's escapes, in hex, in base64 at every offset. */
export function tracesOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    // The first and the last characters also depend on what stands before and after the value.
    const own = encoded.slice(offset === 0 ? 0 : 4, Math.floor((offset + bytes.length) / 3) * 4);
    return own.length >= 4 ? [own, own.replaceAll('+', '-').replaceAll('/', '_')] : [];
  });
  return [value, JSON.stringify(value).slice(1, -1), bytes.toString('hex'), ...base64];
}

/** A plain hash gives away what has few possible values, such as a mobile. */
export function hashesOf(value: string): string[] {
  const hash = createHash('sha256').update(value).digest();
  return [hash.toString('hex'), hash.toString('base64').slice(0, -1)];
}
