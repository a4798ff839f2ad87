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

/** A place that may hold what it should not: a table, a topic, a log. */
export interface Place {
  readonly name: string;
  /** Rows, records or lines. */
  readonly texts: readonly string[];
}

/** Where a value shows, in any form, and in which text of the place; never what it is. */
export function placesThatTell(places: readonly Place[], values: readonly string[]): string[] {
  const traces = values.flatMap((value, nth) =>
    [...tracesOf(value), ...hashesOf(value)].map((trace) => ({ nth: nth + 1, trace })),
  );
  return places.flatMap(({ name, texts }) =>
    texts.flatMap((text, line) => {
      const found = traces.find(({ trace }) => text.includes(trace));
      return found ? [`${name}, ${line + 1}: value ${found.nth}`] : [];
    }),
  );
}
