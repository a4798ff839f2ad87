import type { ConfigurationChange } from '@regulars/contracts/call/v1/configuration';
import { z } from 'zod';
import { id, moment, pageQuery, text } from '../edge/fields.js';
import { partsOf } from '../edge/parts.js';

/** Services that have configuration. */
export const owners = ['stores', 'loyalty'] as const;
export type Owner = (typeof owners)[number];

const owner = z.enum(owners).meta({ description: 'The service whose configuration it is' });
const entry = z.int().meta({ description: 'Counts up within the service', examples: [12] });
const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({
    description: 'SHA-256 over the entry before and this one: keep it elsewhere to prove the log whole later',
    examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
  });

export const changesQuery = z.strictObject({
  owner: owner.optional(),
  principal: text(200)
    .optional()
    .meta({ description: 'Only by this person or machine', examples: ['administrator'] }),
  recordId: id.optional().meta({ description: 'Only of this record' }),
  change: text(64)
    .optional()
    .meta({ description: 'Only of this kind', examples: ['till-key-revoked'] }),
  from: moment.optional().meta({ description: 'From this moment on', examples: ['2026-11-01T00:00:00+08:00'] }),
  until: moment.optional().meta({ description: 'Until this moment', examples: ['2026-12-01T00:00:00+08:00'] }),
  ...pageQuery,
});
export type ChangesQuery = z.output<typeof changesQuery>;

const change = z
  .object({
    owner,
    entry,
    at: z.iso.datetime(),
    principal: z.string().meta({ description: 'Who changed it', examples: ['administrator'] }),
    change: z.string().meta({ description: 'What was done', examples: ['till-key-revoked'] }),
    recordId: id.meta({ description: 'The record that changed', examples: ['0199c0de-0000-7000-8000-00000000000c'] }),
    after: z.looseObject({}).meta({ description: 'The record as it then stood', examples: [{ number: '1' }] }),
    hash,
  })
  .meta({ id: 'ConfigurationChange' });

export const changePage = z
  .object({
    parts: partsOf(owners),
    changes: z.array(change).meta({ description: 'The page, newest first' }),
    nextCursor: z.string().optional(),
  })
  .meta({ id: 'ConfigurationChanges' });

export const seals = z
  .object({
    parts: partsOf(owners),
    seals: z
      .array(
        z.object({
          owner,
          entries: z.int().meta({ description: 'How many changes there are', examples: [12] }),
          headEntry: entry.meta({ description: 'The newest of them; 0 when there is none' }),
          headHash: z.string().meta({ description: 'Its hash; empty when there is none' }),
          isWhole: z.boolean().meta({ description: 'Whether every hash is what content and the entry before give' }),
          brokenEntry: entry.optional().meta({ description: 'The first whose hash is not' }),
        }),
      )
      .meta({ description: 'One for each service that has configuration' }),
  })
  .meta({ id: 'ConfigurationSeals' });

export function changeAnswer(owner: Owner, { at, afterJson, hash, ...rest }: ConfigurationChange) {
  return { owner, ...rest, at, after: JSON.parse(afterJson) as object, hash: Buffer.from(hash).toString('hex') };
}

/** Where a page ended: the last entry that was told, for each service. */
export type Position = Partial<Record<Owner, number>>;

/** A position as a cursor, and back; undefined for a cursor that is not one of ours. */
export function cursorOf(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

const position = z.strictObject({ stores: z.int().min(0).optional(), loyalty: z.int().min(0).optional() });

export function positionIn(cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return {};
  try {
    const told = position.safeParse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    return told.success ? told.data : undefined;
  } catch {
    return undefined;
  }
}

interface Told {
  readonly owner: Owner;
  readonly entry: number;
  readonly at: Date | undefined;
}

/** The newest of several lists that are newest first each, and where that leaves each of them. */
export function newestOf<Change extends Told>(lists: readonly (readonly Change[])[], limit: number, from: Position) {
  const all = lists.flat().sort((a, b) => timeOf(b) - timeOf(a) || compare(a.owner, b.owner) || b.entry - a.entry);
  const page = all.slice(0, limit);
  const next = { ...from };
  for (const { owner, entry } of page) next[owner] = entry;
  return { page, next: all.length > limit ? next : undefined };
}

function timeOf({ at }: Told): number {
  return at?.getTime() ?? 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
