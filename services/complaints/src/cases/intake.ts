import { CaseType, IntakeChannel, type OpenCaseRequest, Severity } from '@regulars/contracts/complaints/v1/cases';
import { z } from 'zod';

const mostCharacters = 4_000;
const id = z.uuid('a UUID is expected').toLowerCase();

const intakeAt = (now: Date) =>
  z.object({
    idempotencyKey: z.string().min(1, '1 to 128 characters').max(128, '1 to 128 characters'),
    memberId: z.union([z.literal(''), id], 'a UUID, or nothing for an unknown guest'),
    storeId: id,
    type: z.enum(CaseType).exclude(['UNSPECIFIED', 'UNRECOGNIZED'], 'a type of feedback is expected'),
    severity: z
      .enum(Severity)
      .exclude(['UNRECOGNIZED'], 'minor, normal or major')
      .transform((severity) => (severity === Severity.UNSPECIFIED ? Severity.NORMAL : severity)),
    channel: z.enum(IntakeChannel).exclude(['UNSPECIFIED', 'UNRECOGNIZED'], 'a channel is expected'),
    text: z
      .string()
      .refine((text) => /\S/.test(text), 'what the guest said is expected')
      .refine((text) => Array.from(text).length <= mostCharacters, `at most ${mostCharacters} characters`),
    happenedAt: z.date('a moment is expected').max(now, 'not in the future').optional(),
  });

/** Feedback that is well-formed, with what was left out filled in. */
export type Intake = Readonly<z.output<ReturnType<typeof intakeAt>>>;

/** Something that is wrong with a request. */
export interface Fault {
  /** JSON pointer into the request. */
  readonly pointer: string;
  readonly message: string;
}

/** Reads a request, or tells everything that is wrong with it. */
export function intakeOf(request: OpenCaseRequest, now: Date): { intake: Intake } | { faults: readonly Fault[] } {
  const parsed = intakeAt(now).safeParse(request);
  if (parsed.success) return { intake: parsed.data };
  return { faults: parsed.error.issues.map(({ path, message }) => ({ pointer: `/${path.join('/')}`, message })) };
}
