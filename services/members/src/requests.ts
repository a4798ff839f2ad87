import type { Metadata } from '@grpc/grpc-js';
import type { PageRequest } from '@regulars/contracts/call/v1/call';
import { isDryRun, type Page, pageOf, principalOf, type Refusal, refusal, traceparentIn } from '@regulars/service';
import type { z } from 'zod';
import type { Caller } from './caller.js';
import { isPurpose, type Purpose, purposes } from './privacy/clear-reads.js';

/** Who makes a call. */
export function callerOf(metadata: Metadata): Caller {
  return { principal: principalOf(metadata), traceparent: traceparentIn(metadata), isDryRun: isDryRun(metadata) };
}

/** The same for a call about a member. @throws Refusal when another member makes it: to her, others do not exist */
export function callerFor(memberId: string, metadata: Metadata): Caller {
  const caller = callerOf(metadata);
  const { kind, sub } = caller.principal;
  if (kind === 'member' && sub !== memberId) throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
  return caller;
}

/** A request in the form in which it is stored. @throws Refusal with every fault and its pointer */
export function wellFormed<Schema extends z.ZodType>(schema: Schema, request: unknown): z.output<Schema> {
  const parsed = schema.safeParse(request);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => ({
    pointer: path.map((step) => `/${String(step)}`).join(''),
    message,
  }));
  throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults });
}

/** Says what is wrong with one field. */
export function malformed(pointer: string, message: string): Refusal {
  return refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: [{ pointer, message }] });
}

/** The purpose of a read; undefined when none is named. @throws Refusal for one that is not in the table */
export function purposeOf(purpose: string): Purpose | undefined {
  if (purpose === '') return undefined;
  if (!isPurpose(purpose)) throw malformed('/purpose', `one of ${purposes.join(', ')}, or empty`);
  return purpose;
}

/** The page asked for. @param parts what each part of a cursor of this list is @throws Refusal for another cursor */
export function pageIn(request: PageRequest | undefined, ...parts: readonly ((part: unknown) => boolean)[]): Page {
  const page = pageOf(request);
  const after = page?.after;
  const isOurs = !after || (after.length === parts.length && parts.every((isPart, at) => isPart(after[at])));
  if (!page || !isOurs) throw malformed('/page/cursor', 'the next_cursor of a page before');
  return page;
}

/** Whether a part of a cursor is a time. */
export function isMoment(part: unknown): boolean {
  return typeof part === 'string' && !Number.isNaN(Date.parse(part));
}
