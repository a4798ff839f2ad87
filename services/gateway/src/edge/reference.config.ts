import { applyDecorators } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
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
  'NOT_ALLOWED',
  'OVERLOADED',
  'INTERNAL',
  'DEPENDENCY_UNAVAILABLE',
  'OUTCOME_UNKNOWN',
];
const ofWrites: readonly ProblemCode[] = ['MALFORMED_JSON', 'BODY_TOO_LARGE', 'MEDIA_TYPE_NOT_SUPPORTED'];

/** Documents a route: its answers, and every problem code that it may answer, by status, with an example. */
export function Documented(route: Documentation): MethodDecorator {
  const writes = route.needsKey ?? 201 in route.answers;
  const codes = [...always, ...(writes ? ofWrites : []), ...(route.problems ?? [])];
  const { summary, description } = route;
  return applyDecorators(
    ApiBearerAuth(),
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
  readonly answerLines: readonly z.ZodType[];
}): MethodDecorator {
  const content = (schema: object) => ({ 'application/x-ndjson': { schema: { ...schema } } });
  const codes: ProblemCode[] = [...always, 'MEDIA_TYPE_NOT_SUPPORTED'];
  return applyDecorators(
    ApiBearerAuth(),
    ApiOperation({
      summary: route.summary,
      description: route.description,
      requestBody: { required: true, content: content({ type: 'string', description: 'One Purchase a line' }) },
    }),
    ApiResponse({
      status: 200,
      description: 'A result for each line, in order, and a last line that tells whether the stream was whole',
      headers: { 'X-Trace-Id': traceHeader },
      content: content({ oneOf: route.answerLines.map((schema) => inlined(schema)) }),
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

const traceHeader = { description: 'Quote it when you ask about this answer', schema: { type: 'string' as const } };
const replayedHeader = {
  description: '`true` when this repeats an earlier answer',
  schema: { type: 'string' as const },
};
const waitHeader = {
  description: 'Seconds after which trying again is worth it',
  schema: { type: 'integer' as const },
};

function answer(status: number, schema: z.ZodType | undefined, writes: boolean): MethodDecorator {
  const headers = { 'X-Trace-Id': traceHeader, ...(writes && { 'Idempotency-Replayed': replayedHeader }) };
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

function problemAnswer(codes: readonly ProblemCode[]) {
  const examples = codes.map((code) => [
    code,
    { summary: knownProblems[code].title, value: problemDocument(problem(code, exampleOf(code)), EXAMPLE_TRACE) },
  ]);
  const waits = codes.some((code) => knownProblems[code].status === 429 || knownProblems[code].status === 503);
  return {
    description: codes.map((code) => `\`${code}\`: ${knownProblems[code].title}`).join('; '),
    headers: { 'X-Trace-Id': traceHeader, ...(waits && { 'Retry-After': waitHeader }) },
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(examples) as Record<string, { summary: string; value: object }>,
      },
    },
  };
}

function exampleOf(code: ProblemCode) {
  return code === 'MALFORMED' ? { errors: [{ pointer: '/totalMinor', message: 'The lines add up to 12800' }] } : {};
}

const problemSchema = z.object({
  type: z.string().meta({ examples: ['urn:regulars:problem:receipt-conflict'] }),
  title: z.string(),
  status: z.int(),
  code: z.string().meta({ description: 'Stable, for machines', examples: Object.keys(knownProblems).slice(0, 1) }),
  traceId: z.string(),
  retryable: z.boolean().meta({ description: 'Whether the same request may succeed later' }),
  errors: z
    .array(z.object({ pointer: z.string(), message: z.string() }))
    .optional()
    .meta({ description: 'Every fault: a JSON pointer into the body, or /headers, /path, /query and the name' }),
  allowed: z.array(z.string()).optional().meta({ description: 'What is allowed in this state' }),
  purchaseId: z.uuid().optional().meta({ description: 'Of a receipt conflict: the purchase that holds the receipt' }),
});

/** OpenAPI 3.1 at /openapi.json and a page to read it at /docs. */
export function serveReference(app: NestFastifyApplication): void {
  const about = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Regulars')
    .setDescription(
      'Members, loyalty points, complaints, surveys and notifications of a chain. Money is in minor units, moments are RFC 3339, lists are paged by opaque cursors. Every refusal is an RFC 9457 problem document with a stable `code`.',
    )
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An access token of a person, or a till key' })
    .build();
  const document = SwaggerModule.createDocument(app, about, {
    operationIdFactory: (_controller, method) => method,
    standardSchemaConverter: (schema) => {
      const { $defs, $schema: _, ...own } = jsonSchema(schema as z.ZodType);
      return { schema: own, components: $defs as Record<string, object> };
    },
  });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: inlined(problemSchema) },
  };
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Regulars API',
  });
}

/** The schema where it is used, without a name of its own. */
function inlined(schema: z.ZodType): object {
  const { $schema: _, ...own } = jsonSchema(schema);
  return own;
}

function jsonSchema(schema: z.ZodType) {
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' });
}
