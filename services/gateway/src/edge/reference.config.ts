import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiProduces, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { knownProblems, type ProblemCode, problem, problemDocument } from './problems.js';

const EXAMPLE_TRACE = '0af7651916cd43dd8448eb211c80319c';

/** What the reference tells about a route besides what its schemas tell. */
export interface Documentation {
  readonly summary: string;
  readonly description?: string;
  /** Schema of each answer that is no problem; undefined for one without a body. */
  readonly answers: Readonly<Record<number, z.ZodType | undefined>>;
  /** Problems of this route besides those that any route of its kind may answer. */
  readonly problems?: readonly ProblemCode[];
  /** Whether an Idempotency-Key is needed; of a route that takes a body it is. */
  readonly needsKey?: boolean;
}

const always: readonly ProblemCode[] = [
  'MALFORMED',
  'NOT_AUTHENTICATED',
  'KEY_NOT_KNOWN',
  'SIGNATURE_NEEDED',
  'SIGNATURE_MALFORMED',
  'SIGNATURE_INCOMPLETE',
  'SIGNATURE_WRONG',
  'SIGNATURE_TIME_OFF',
  'NOT_ALLOWED',
  'TOO_MANY_CALLS',
  'OVERLOADED',
  'INTERNAL',
  'DEPENDENCY_UNAVAILABLE',
  'OUTCOME_UNKNOWN',
];
const ofWrites: readonly ProblemCode[] = [
  'DIGEST_WRONG',
  'MALFORMED_JSON',
  'BODY_TOO_LARGE',
  'MEDIA_TYPE_NOT_SUPPORTED',
];

/** Documents a route: its answers, and every problem code that it may answer, by status, with an example. */
export function Documented(route: Documentation): MethodDecorator {
  const writes = route.needsKey ?? 201 in route.answers;
  const codes = [...always, ...(writes ? ofWrites : []), ...(route.problems ?? [])];
  const { summary, description } = route;
  return applyDecorators(
    ApiOperation({ summary, ...(description && { description }) }),
    ...(writes ? [ApiHeader(keyHeader)] : []),
    ...Object.entries(route.answers).map(([status, schema]) => answer(Number(status), schema, writes)),
    ...problemsByStatus(codes).map(([status, ofStatus]) => ApiResponse({ status, ...problemAnswer(ofStatus) })),
  );
}

/** Documents a route that takes and answers a stream of JSON lines. */
export function DocumentedBatch(route: {
  readonly summary: string;
  readonly description: string;
  /** What one line of the answer is. */
  readonly answerLine: z.ZodType;
  readonly exampleLines: string;
}): MethodDecorator {
  const codes: ProblemCode[] = [...always, 'DIGEST_WRONG', 'BODY_TOO_LARGE', 'MEDIA_TYPE_NOT_SUPPORTED'];
  return applyDecorators(
    ApiProduces('application/x-ndjson'),
    ApiOperation({
      summary: route.summary,
      description: route.description,
      requestBody: {
        required: true,
        content: {
          'application/x-ndjson': {
            schema: { type: 'string', description: 'One Purchase a line' },
            example: route.exampleLines,
          },
        },
      },
    }),
    ApiResponse({
      status: 200,
      description: 'A result for each line, in order, and a last line that tells whether the stream was whole',
      headers: header('X-Trace-Id'),
      standardSchema: route.answerLine,
    }),
    ...problemsByStatus(codes).map(([status, ofStatus]) => ApiResponse({ status, ...problemAnswer(ofStatus) })),
  );
}

const keyHeader = {
  name: 'Idempotency-Key',
  required: true,
  description: 'The same on every retry of the same write: 1 to 128 printable ASCII characters',
  schema: { type: 'string' as const, minLength: 1, maxLength: 128, examples: ['till-3-20261102-0042'] },
};

/** Headers of answers, by the names under which answers refer to them. */
export const sharedHeaders = {
  'X-Trace-Id': {
    description: 'Quote it when you ask about this answer',
    schema: { type: 'string' as const, example: EXAMPLE_TRACE },
  },
  'Idempotency-Replayed': {
    description: '`true` when this repeats an earlier answer',
    schema: { type: 'string' as const, enum: ['true'] },
  },
  'Retry-After': {
    description: 'Seconds after which trying again is worth it',
    schema: { type: 'integer' as const, minimum: 1, example: 1 },
  },
};
const header = (name: keyof typeof sharedHeaders) => ({ [name]: { $ref: `#/components/headers/${name}` } });

function answer(status: number, schema: z.ZodType | undefined, writes: boolean): MethodDecorator {
  const headers = { ...header('X-Trace-Id'), ...(writes && header('Idempotency-Replayed')) };
  const description = descriptions[status] ?? 'Done';
  return schema
    ? ApiResponse({ status, description, headers, standardSchema: schema })
    : ApiResponse({ status, description, headers });
}

const descriptions: Readonly<Record<number, string>> = {
  200: 'As asked; of a write, the first answer once more',
  201: 'Done',
  202: 'Kept; the rest follows by itself',
  204: 'Done, nothing to tell',
};

function problemsByStatus(codes: readonly ProblemCode[]): [number, ProblemCode[]][] {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set(codes)) {
    const { status } = knownProblems[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return [...byStatus];
}

/** The answer of one status, with an example of each code. */
export function problemAnswer(codes: readonly ProblemCode[]) {
  const examples = codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]);
  const waits = codes.some((code) => knownProblems[code].status === 429 || knownProblems[code].status === 503);
  return {
    description: codes.map((code) => `\`${code}\`: ${knownProblems[code].title}`).join('; '),
    headers: { ...header('X-Trace-Id'), ...(waits && header('Retry-After')) },
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(examples) as Record<string, { $ref: string }>,
      },
    },
  };
}

/** A problem document of every code, by the name under which answers refer to it. */
export const problemExamples = Object.fromEntries(
  Object.entries(knownProblems).map(([code, { title }]) => {
    const faults =
      code === 'MALFORMED' ? [{ pointer: '/totalMinor', message: 'The lines add up to 12800' }] : undefined;
    const document = problemDocument(problem(code as ProblemCode, faults && { errors: faults }), EXAMPLE_TRACE);
    return [code, { summary: title, value: document }];
  }),
);

/** A schema as the document has it; formats say what zod's patterns for them say. */
export function jsonSchema(schema: z.ZodType) {
  const { $schema: _, ...own } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-2020-12',
    override: ({ jsonSchema }) => {
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return own;
}
