import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { z } from 'zod';
import { type Permission, permissionOf } from '../access/permissions.js';
import { meanings } from './meanings.js';
import { type ProblemCode, problemSchema } from './problems.js';
import { jsonSchema, problemAnswer, problemExamples, sharedHeaders } from './reference.config.js';
import { type Schema, sampleOf } from './samples.js';

const about = `One API for tills, people and machines of a chain.

**Signing in.** A till sends its key, people and machines an access token, both as \`Authorization: Bearer …\`.
**Writes** carry an \`Idempotency-Key\`: repeat a write with the same key and body until it is answered; a replay says
\`Idempotency-Replayed: true\`.
**Money** is in minor units (fen, cents), **moments** are RFC 3339, **lists** are paged by opaque cursors.
**Refusals** are RFC 9457 problem documents with a stable \`code\`; \`retryable\` says whether the same request may succeed
later, and \`Retry-After\` when. Fields, routes, codes and words of lists may be added at any time: read what you know and
leave the rest.`;

const tags: Readonly<Record<string, string>> = {
  stores: 'Brands, stores, tills and their keys',
  configuration: 'Who changed the configuration, and whether the record of it is whole',
  programmes: 'The written policy by which points are given',
  members: 'Guests who registered',
  purchases: 'What tills post: purchases, refunds, offline batches, claims',
  points: 'What a member has and how it came to be',
  tiers: 'Tiers of members, how they came to be, and grants by hand',
  messages: 'What was written to members',
  cases: 'Complaints and other feedback',
  followups: 'Asking guests how it was',
  rewards: 'What points can be spent on',
  privacy: 'Exports and erasures that members ask for',
  'self-service': 'What members read and change of their own, after signing in by a one-time code',
  redemptions: 'Points being spent: reserved, confirmed, cancelled, handed over',
};

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** The OpenAPI document of an application: its routes and schemas with what every reader wants to know beside them. */
export function openApiOf(app: NestFastifyApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Regulars')
    .setDescription(about)
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/', 'This installation')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'rtk_…', description: 'The key of a till' },
      'tillKey',
    )
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token (OpenID Connect)' },
      'accessToken',
    )
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'rms_…', description: 'What a member got for a one-time code' },
      'memberToken',
    );
  const document = SwaggerModule.createDocument(app, builder.build(), {
    operationIdFactory: (_controller, method) => method,
    standardSchemaConverter: (schema) => {
      const { $defs, ...own } = jsonSchema(schema as z.ZodType);
      return { schema: own, components: $defs as Record<string, object> };
    },
  });
  return complete(document);
}

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

function complete(document: OpenAPIObject): OpenAPIObject {
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...(jsonSchema(problemSchema).$defs as Record<string, object>) },
    headers: sharedHeaders,
  };
  const resolve = (reference: string) =>
    (document.components?.schemas?.[reference.split('/').at(-1) ?? ''] ?? {}) as Schema;
  for (const schema of Object.values(document.components.schemas ?? {})) tellMeanings(schema as Schema);
  const used = new Set<string>();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const operation = item[method];
      if (!operation) continue;
      for (const tag of operation.tags ?? []) used.add(tag);
      tellWhoMay(operation, permissionOf(method.toUpperCase(), path.replace(/\{(\w+)\}/g, ':$1')));
      tellParameters(operation);
      tellSamples(operation, resolve);
    }
  }
  const text = JSON.stringify(document.paths);
  document.components.examples = Object.fromEntries(
    Object.entries(problemExamples).filter(([code]) => text.includes(`"#/components/examples/${code}"`)),
  );
  document.tags = [...used].map((name) => ({ name, description: tags[name] ?? name }));
  return document;
}

/** Says of every field what it means and how it looks, unless its schema says so. */
function tellMeanings(schema: Schema): void {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    tellMeaning(name, field);
    tellMeanings(field);
  }
  if (schema.items) tellMeanings(schema.items);
  for (const choice of [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]) tellMeanings(choice);
}

function tellMeaning(name: string, field: Schema): void {
  const meaning = meanings[name];
  if (field.$ref !== undefined || !meaning) return;
  field.description ??= meaning.description;
  const isTold = [field.example, field.examples, field.const, field.enum].some((each) => each !== undefined);
  if (!isTold && typeOf(meaning.example) === field.type) field.example = meaning.example;
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? 'integer' : typeof value;
}

function tellWhoMay(operation: Operation, permission: Permission): void {
  if (permission.public) {
    operation.security = [];
    return;
  }
  const { tills, roles, members = false } = permission;
  operation.security = [
    ...(tills ? [{ tillKey: [] }] : []),
    ...(roles.length > 0 ? [{ accessToken: [] }] : []),
    ...(members ? [{ memberToken: [] }] : []),
  ];
  const callers = [
    ...(tills ? ['tills'] : []),
    ...(roles.length > 0 ? [`people in the roles ${roles.join(', ')}`] : []),
    ...(members ? ['members who signed in by a one-time code'] : []),
  ];
  if (!tills) leaveOutSigning(operation);
  operation.description = [operation.description, `For ${callers.join(' and ')}.`].filter(Boolean).join('\n\n');
}

/** Nobody but tills signs. */
function leaveOutSigning(operation: Operation): void {
  const told = operation.responses['401'];
  const examples = told && 'content' in told ? told.content?.['application/problem+json']?.examples : undefined;
  const codes = Object.keys(examples ?? {}).filter((code) => !code.startsWith('SIGNATURE_') && code !== 'DIGEST_WRONG');
  operation.responses['401'] = problemAnswer(codes as ProblemCode[]);
}

function tellParameters(operation: Operation): void {
  for (const parameter of operation.parameters ?? []) {
    if ('$ref' in parameter) continue;
    const schema = (parameter.schema ?? {}) as Schema;
    tellMeaning(parameter.name, schema);
    parameter.description ??= schema.description ?? '';
  }
}

function tellSamples({ requestBody, responses }: Operation, resolve: (reference: string) => Schema): void {
  for (const body of [requestBody, ...Object.values(responses)]) {
    const content = body && 'content' in body ? (body.content ?? {}) : {};
    const told = content['application/json'] ?? content['application/x-ndjson'];
    if (told?.schema && !told.examples) told.example ??= sampleOf(told.schema as Schema, resolve);
  }
}
