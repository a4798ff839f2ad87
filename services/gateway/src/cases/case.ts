import {
  type Case,
  CaseState,
  CaseType,
  type GetCaseRequest,
  IntakeChannel,
  type OpenCaseRequest,
  Severity,
} from '@regulars/contracts/complaints/v1/cases';
import { z } from 'zod';
import { id, moment, pageQuery, paragraphs } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';

const types = wordsOf(CaseType);
const severities = wordsOf(Severity);
const channels = wordsOf(IntakeChannel);
const states = wordsOf(CaseState);

/** The body with which feedback is taken in (requirements C1 to C3). */
export const caseBody = z
  .strictObject({
    memberId: id.optional().meta({ description: 'Absent for an unknown guest' }),
    storeId: id,
    type: types.schema,
    severity: severities.schema.default('normal'),
    channel: channels.schema,
    text: paragraphs(4_000).meta({ examples: ['面有点凉，等了二十分钟。'] }),
    happenedAt: moment.optional(),
  })
  .meta({ id: 'NewCase' });
export type CaseBody = z.output<typeof caseBody>;

export const casesQuery = z.strictObject({ storeId: id.optional(), memberId: id.optional(), ...pageQuery });
export type CasesQuery = z.output<typeof casesQuery>;

/** A case is read by its id or by the number that the guest was told. */
export const caseReference = z
  .union([id, z.string().regex(/^\d{4,32}$/)], { error: 'Expected the id or the number of a case' })
  .meta({ examples: ['20261102000018'] });

export const feedbackCase = z
  .object({
    caseId: id,
    number: z.string(),
    memberId: id.optional(),
    storeId: id,
    type: types.schema,
    severity: severities.schema,
    channel: channels.schema,
    state: states.schema,
    text: z.string().optional().meta({ description: 'In the guest’s words; missing unless the caller may read it' }),
    happenedAt: z.iso.datetime().optional(),
    receivedAt: z.iso.datetime(),
    respondBy: z.iso.datetime(),
  })
  .meta({ id: 'Case' });
export const casePage = z
  .object({ cases: z.array(feedbackCase), nextCursor: z.string().optional() })
  .meta({ id: 'Cases' });

/** The feedback as complaints takes it. */
export function openingOf(body: CaseBody, idempotencyKey: string): OpenCaseRequest {
  return {
    idempotencyKey,
    memberId: body.memberId ?? '',
    storeId: body.storeId,
    type: types.number(body.type),
    severity: severities.number(body.severity),
    channel: channels.number(body.channel),
    text: body.text,
    happenedAt: body.happenedAt === undefined ? undefined : new Date(body.happenedAt),
  };
}

/** How a case is asked for by its reference. */
export function byOf(reference: string): GetCaseRequest['by'] {
  return reference.includes('-') ? { $case: 'caseId', value: reference } : { $case: 'number', value: reference };
}

export function caseAnswer({ memberId, text, ...rest }: Case) {
  return {
    ...rest,
    memberId: memberId || undefined,
    type: types.word(rest.type),
    severity: severities.word(rest.severity),
    channel: channels.word(rest.channel),
    state: states.word(rest.state),
    text: text || undefined,
  };
}
