import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { openApiDocument } from '../src/openapi.config.js';
import { purchaseBody } from '../src/purchases/purchase.js';
import { type Edge, startEdge } from './edge.js';

interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  security?: Record<string, unknown>[];
  requestBody?: { content: Record<string, { schema: object; example?: unknown }> };
  responses: Record<string, { content?: Record<string, { schema: object; examples?: object }> }>;
  parameters?: { name: string; in: string; description?: string }[];
}

let edge: Edge;
let document: {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
};

beforeAll(async () => {
  edge = await startEdge();
  document = (await request(edge.app.getHttpServer()).get('/openapi.json').expect(200)).body as typeof document;
});

afterAll(() => edge.stop());

const operations = () => Object.values(document.paths).flatMap((methods) => Object.values(methods));

interface Field {
  $ref?: string;
  description?: string;
  properties?: Record<string, Field>;
  items?: Field;
}

/** Every field of every schema with the way to it; those that refer to a schema are told there. */
function* fieldsOf(at: string, schemas: Record<string, Field>): Generator<[string, Field]> {
  for (const [name, schema] of Object.entries(schemas)) {
    for (const [field, inner] of Object.entries({ ...schema.properties, ...schema.items?.properties })) {
      if (inner.$ref === undefined) yield [`${at}/${name}/${field}`, inner];
      yield* fieldsOf(`${at}/${name}`, { [field]: inner });
    }
  }
}

describe('The reference', () => {
  it('[O6] is OpenAPI 3.1 with a summary, an id of its own and every answer for each operation', () => {
    expect(document.openapi).toBe('3.1.0');
    const ids = operations().map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { operationId, summary, responses } of operations()) {
      expect([operationId, summary === undefined || summary === '']).toEqual([operationId, false]);
      const statuses = Object.keys(responses);
      for (const status of ['400', '401', '403', '429', '500', '503'])
        expect([operationId, statuses]).toEqual([operationId, expect.arrayContaining([status])]);
    }
  });

  it('[O6] shows the problem codes of each status with an example', () => {
    for (const { responses } of operations()) {
      for (const [status, { content }] of Object.entries(responses)) {
        if (Number(status) < 400) continue;
        const problem = content?.['application/problem+json'];
        expect(problem?.schema).toEqual({ $ref: '#/components/schemas/Problem' });
        expect(Object.keys(problem?.examples ?? {}).length).toBeGreaterThan(0);
      }
    }
    const conflicts = document.paths['/v1/purchases']?.post?.responses['409']?.content?.['application/problem+json'];
    expect(Object.keys(conflicts?.examples ?? {})).toContain('RECEIPT_CONFLICT');
  });

  it('[O6] refers to no schema that it lacks', () => {
    const references = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/([\w-]+)/g)].map(
      ([, name]) => name ?? '',
    );
    expect(references.length).toBeGreaterThan(0);
    for (const name of new Set(references)) expect(document.components.schemas).toHaveProperty(name);
  });

  it('[O6] describes bodies by the schemas that validate them: strict, with their limits', () => {
    expect(document.components.schemas.Purchase).toMatchObject({
      additionalProperties: false,
      required: expect.arrayContaining(['businessDate', 'receiptNumber', 'lines']),
      properties: { lines: { minItems: 1, maxItems: 500 } },
    });
  });

  it('[O6] says of every field and parameter what it means', () => {
    const silent = [...fieldsOf('#', document.components.schemas)].filter(([, { description }]) => !description);
    expect(silent.map(([name]) => name)).toEqual([]);
    for (const { operationId, parameters = [] } of operations()) {
      const mute = parameters.filter(({ description }) => !description).map(({ name }) => name);
      expect([operationId, mute]).toEqual([operationId, []]);
    }
  });

  it('[O4] tells for each operation whether a till or a person calls it', () => {
    const { post: purchase } = document.paths['/v1/purchases'] ?? {};
    expect(purchase?.security).toEqual([{ tillKey: [] }, { accessToken: [] }]);
    expect(document.paths['/v1/brands']?.post?.security).toEqual([{ accessToken: [] }]);
    expect(document.paths['/v1/self-service/me/record']?.get?.security).toEqual([{ memberToken: [] }]);
    const open = operations().filter(({ security }) => (security ?? []).length === 0);
    expect(open.map(({ operationId }) => operationId).sort()).toEqual(['requestCode', 'signIn']);
  });

  it('[O6] shows a purchase that the gateway itself would take', async () => {
    const example = document.paths['/v1/purchases']?.post?.requestBody?.content['application/json']?.example;
    expect(purchaseBody.safeParse(example).success).toBe(true);
  });

  it('[O6] is the same whether the gateway runs or only its routes are read', async () => {
    expect(document).toEqual(JSON.parse(JSON.stringify(await openApiDocument())));
  });

  it('[O6] asks for an Idempotency-Key on every write with a body', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const parameters = methods.post?.parameters?.map(({ name }) => name) ?? [];
      if (!methods.post || path.endsWith(':batch')) continue;
      expect([path, parameters]).toEqual([path, expect.arrayContaining(['Idempotency-Key'])]);
    }
  });

  it('[O6] can be read on a page whose scripts its own security policy allows', async () => {
    const page = await request(edge.app.getHttpServer()).get('/docs').expect(200);
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
    expect(page.text).not.toMatch(/<script>[^<]/);
    const scripts = [...page.text.matchAll(/<script src="\.\/([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(scripts.length).toBeGreaterThan(1);
    for (const script of scripts) await request(edge.app.getHttpServer()).get(`/${script}`).expect(200);
  });
});
