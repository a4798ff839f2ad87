import { describe, expect, it } from '@jest/globals';
import { type Api, breaksIn, type Schema } from './additive.js';

const sent: Schema = {
  type: 'object',
  required: ['code'],
  properties: { code: { type: 'string', maxLength: 20 }, kind: { type: 'string', enum: ['a', 'b'] } },
};
const read: Schema = {
  type: 'object',
  required: ['id', 'next'],
  properties: { id: { type: 'string', format: 'uuid' }, next: { $ref: '#/components/schemas/Read' } },
};

function api(change: (draft: Api) => void = () => undefined): Api {
  const draft: Api = structuredClone({
    paths: {
      '/v1/things': {
        post: {
          operationId: 'addThing',
          security: [{ tillKey: [] }, { accessToken: [] }],
          parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1 } }],
          requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Sent' } } } },
          responses: {
            201: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Read' } } } },
            409: {},
          },
        },
      },
    },
    components: { schemas: { Sent: sent, Read: read } },
  });
  change(draft);
  return draft;
}

const thing = (draft: Api) => draft.paths['/v1/things']!.post!;
const schemas = (draft: Api) => draft.components.schemas as { Sent: Required<Schema>; Read: Required<Schema> };

describe('A change of the API', () => {
  it('[O6] is additive when nothing changed, and when routes, optional inputs, words and answered fields are new', () => {
    const after = api((draft) => {
      draft.paths['/v1/others'] = { get: { operationId: 'listOthers', responses: {} } };
      thing(draft).parameters!.push({ name: 'cursor', in: 'query' });
      thing(draft).responses['422'] = {};
      schemas(draft).Sent.properties.note = { type: 'string' };
      schemas(draft).Sent.properties.kind!.enum!.push('c');
      schemas(draft).Sent.properties.code!.maxLength = 40;
      schemas(draft).Read.properties.more = { type: 'integer' };
    });
    expect(breaksIn(api(), api())).toEqual([]);
    expect(breaksIn(api(), after)).toEqual([]);
  });

  const breaking: [string, (draft: Api) => void, string][] = [
    ['a route is gone', (draft) => delete draft.paths['/v1/things'], 'POST /v1/things: is gone'],
    ['a route is renamed', (draft) => (thing(draft).operationId = 'makeThing'), 'is called makeThing, was addThing'],
    ['tills are shut out', (draft) => thing(draft).security!.shift(), 'no longer for tillKey'],
    ['a parameter is gone', (draft) => thing(draft).parameters!.pop(), 'query limit: is gone'],
    ['a parameter turns required', (draft) => (thing(draft).parameters![0]!.required = true), 'limit: is now required'],
    [
      'a required parameter is new',
      (draft) => thing(draft).parameters!.push({ name: 'If-Match', in: 'header', required: true }),
      'header If-Match: is new and required',
    ],
    ['a body turns required', (draft) => (thing(draft).requestBody!.required = true), 'now needs a body'],
    ['an input turns required', (draft) => schemas(draft).Sent.required.push('kind'), 'body.kind: is now required'],
    ['an input is gone', (draft) => delete schemas(draft).Sent.properties.kind, 'body.kind: is gone'],
    [
      'an input is shorter',
      (draft) => (schemas(draft).Sent.properties.code!.maxLength = 10),
      'maxLength is taken more',
    ],
    [
      'a word is gone',
      (draft) => schemas(draft).Sent.properties.kind!.enum!.pop(),
      'the word b is taken more narrowly',
    ],
    ['an answered field is gone', (draft) => delete schemas(draft).Read.properties.id, '201.id: is gone'],
    ['an answered field may be missing', (draft) => schemas(draft).Read.required.shift(), '201.id: may now be missing'],
    ['a field has another type', (draft) => (schemas(draft).Read.properties.id!.type = 'integer'), 'type is integer'],
    ['an answer is gone', (draft) => delete thing(draft).responses['201'], '201: is no longer answered'],
  ];

  it.each(breaking)('[O6] breaks callers when %s', (_what, change, told) => {
    const found = breaksIn(api(), api(change));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(told);
  });
});
