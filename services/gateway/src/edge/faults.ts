/** One thing that is wrong with a request. */
export interface Fault {
  /** JSON pointer (RFC 6901) into the body; `/path/…`, `/query/…` and `/headers/…` point elsewhere. */
  readonly pointer: string;
  /** What is wrong and what is expected, in English. */
  readonly message: string;
}

/** Where in the request a value stood. */
export type Place = 'body' | 'path' | 'query' | 'headers';

/** Input that a schema refused, with everything that is wrong with it. */
export class Malformed extends Error {
  constructor(readonly faults: readonly Fault[]) {
    super('MALFORMED');
    this.name = 'Malformed';
  }
}

interface Issue {
  readonly message: string;
  readonly path?: readonly unknown[] | undefined;
  readonly code?: string;
  readonly keys?: readonly string[];
}

/** The faults behind the issues of a schema: one for each unknown field, one for everything else that is wrong. */
export function faultsOf(issues: readonly Issue[], place: Place, field?: string): Fault[] {
  const root = [...(place === 'body' ? [] : [place]), ...(field === undefined ? [] : [field])];
  return issues.flatMap((issue) => {
    const path = [...root, ...(issue.path ?? []).map(segment)];
    if (issue.code !== 'unrecognized_keys') return [{ pointer: pointerTo(path), message: issue.message }];
    return (issue.keys ?? []).map((key) => ({ pointer: pointerTo([...path, key]), message: 'There is no such field' }));
  });
}

function segment(part: unknown): string | number {
  const key = typeof part === 'object' && part !== null && 'key' in part ? part.key : part;
  return typeof key === 'number' ? key : String(key);
}

function pointerTo(path: readonly (string | number)[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

const printableAscii = /^[\x20-\x7e]{1,128}$/;

/** What is wrong with an Idempotency-Key header; undefined when nothing is. */
export function idempotencyKeyFault(key: unknown): Fault | undefined {
  if (typeof key === 'string' && printableAscii.test(key)) return undefined;
  const message =
    key === undefined ? 'Every write needs a key of its own' : 'Expected 1 to 128 printable ASCII characters';
  return { pointer: '/headers/idempotency-key', message };
}
