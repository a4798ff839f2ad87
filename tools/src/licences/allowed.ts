import satisfies from 'spdx-satisfies';

/** A package as its own metadata tells it. */
export interface Licensed {
  readonly name: string;
  readonly version: string;
  /** SPDX expression; UNKNOWN where it tells none. */
  readonly licence: string;
  /** Whether it runs in production; others only build and test. */
  readonly isShipped: boolean;
}

/** Licences that ask for no more than to be named: what is under them may be shipped with the product. */
const ALLOWED = [
  'MIT',
  'MIT-0',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'Zlib',
  'Python-2.0',
  'CC0-1.0',
];
/** What only builds and tests may also have these; nothing of it is shipped. */
const ALLOWED_HERE = [...ALLOWED, 'CC-BY-3.0', 'CC-BY-4.0', 'MPL-2.0'];

export function isAllowed({ licence, isShipped }: Licensed): boolean {
  try {
    return satisfies(licence, isShipped ? ALLOWED : ALLOWED_HERE);
  } catch {
    // No SPDX expression: somebody has to read it.
    return false;
  }
}
