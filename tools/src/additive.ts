/** As much of a JSON schema as callers depend on. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  pattern?: string;
  const?: unknown;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  [bound: string]: unknown;
}

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema?: Schema;
}

type Content = Record<string, { schema?: Schema }>;

interface Operation {
  operationId: string;
  security?: Record<string, unknown>[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Content };
  responses: Record<string, { content?: Content }>;
}

/** As much of an OpenAPI document as callers depend on. */
export interface Api {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** What a caller sends may only be taken more widely; what it reads may only be told more fully. */
type Direction = 'sent' | 'read';

/**
 * What in `after` would break a caller that was written for `before` (requirement O6): routes, answers, fields and words
 * that are gone, and inputs that are newly required or more narrowly taken. Additions break nobody. Every line names the
 * place; none means that the change is additive.
 */
export function breaksIn(before: Api, after: Api): string[] {
  const found: string[] = [];
  for (const [path, operations] of Object.entries(before.paths)) {
    for (const [method, old] of Object.entries(operations)) {
      const place = `${method.toUpperCase()} ${path}`;
      const now = after.paths[path]?.[method];
      if (now) found.push(...breaksInOperation(place, old, now, new Comparison(before, after)));
      else found.push(`${place}: is gone`);
    }
  }
  return [...new Set(found)];
}

function breaksInOperation(place: string, old: Operation, now: Operation, comparison: Comparison): string[] {
  const found: string[] = [];
  if (old.operationId !== now.operationId) found.push(`${place}: is called ${now.operationId}, was ${old.operationId}`);
  for (const scheme of schemesOf(old))
    if (!schemesOf(now).includes(scheme)) found.push(`${place}: no longer for ${scheme}`);
  found.push(...breaksInParameters(place, old.parameters ?? [], now.parameters ?? [], comparison));
  if (!old.requestBody?.required && now.requestBody?.required) found.push(`${place}: now needs a body`);
  found.push(...comparison.content(`${place} body`, old.requestBody?.content, now.requestBody?.content, 'sent'));
  for (const [status, { content }] of Object.entries(old.responses)) {
    const answer = now.responses[status];
    if (answer) found.push(...comparison.content(`${place} ${status}`, content, answer.content, 'read'));
    else if (status.startsWith('2')) found.push(`${place} ${status}: is no longer answered`);
  }
  return found;
}

function schemesOf({ security = [] }: Operation): string[] {
  return security.flatMap((each) => Object.keys(each));
}

function breaksInParameters(place: string, old: Parameter[], now: Parameter[], comparison: Comparison): string[] {
  const same = (one: Parameter) => (other: Parameter) => one.name === other.name && one.in === other.in;
  const kept = old.flatMap((parameter) => {
    const at = `${place} ${parameter.in} ${parameter.name}`;
    const found = now.find(same(parameter));
    if (!found) return [`${at}: is gone`];
    const isNeeded = found.required && !parameter.required ? [`${at}: is now required`] : [];
    return [...isNeeded, ...comparison.schema(at, parameter.schema ?? {}, found.schema ?? {}, 'sent')];
  });
  const needed = now.filter((parameter) => parameter.required && !old.some(same(parameter)));
  return [...kept, ...needed.map((parameter) => `${place} ${parameter.in} ${parameter.name}: is new and required`)];
}

const upperBounds = ['maximum', 'maxLength', 'maxItems', 'maxProperties'];
const lowerBounds = ['minimum', 'minLength', 'minItems', 'minProperties'];

/** Compares schemas of two documents; those that were compared once in a direction are not compared again. */
class Comparison {
  private readonly seen = new Set<string>();

  constructor(
    private readonly before: Api,
    private readonly after: Api,
  ) {}

  content(place: string, old: Content = {}, now: Content = {}, direction: Direction): string[] {
    return Object.entries(old).flatMap(([mediaType, { schema = {} }]) => {
      const kept = now[mediaType];
      return kept ? this.schema(place, schema, kept.schema ?? {}, direction) : [`${place}: no longer as ${mediaType}`];
    });
  }

  schema(place: string, oldOrReference: Schema, nowOrReference: Schema, direction: Direction): string[] {
    const names = `${direction} ${oldOrReference.$ref ?? ''} ${nowOrReference.$ref ?? ''}`;
    if (oldOrReference.$ref !== undefined && this.seen.has(names)) return [];
    this.seen.add(names);
    const [old, now] = [resolved(oldOrReference, this.before), resolved(nowOrReference, this.after)];
    return [
      ...breaksInShape(place, old, now),
      ...(direction === 'sent' ? narrowed(place, old, now) : []),
      ...this.fields(place, old, now, direction),
      ...(old.items && now.items ? this.schema(`${place}[]`, old.items, now.items, direction) : []),
      ...this.choices(place, old.anyOf ?? old.oneOf ?? [], now.anyOf ?? now.oneOf ?? [], direction),
    ];
  }

  private fields(place: string, old: Schema, now: Schema, direction: Direction): string[] {
    const kept = Object.entries(old.properties ?? {}).flatMap(([name, field]) => {
      const found = now.properties?.[name];
      return found ? this.schema(`${place}.${name}`, field, found, direction) : [`${place}.${name}: is gone`];
    });
    const [needed, was] = direction === 'sent' ? [now, old] : [old, now];
    const turned = (needed.required ?? []).filter((name) => !(was.required ?? []).includes(name));
    const word = direction === 'sent' ? 'is now required' : 'may now be missing';
    const isTold = (name: string) => direction === 'sent' || now.properties?.[name] !== undefined;
    return [...kept, ...turned.filter(isTold).map((name) => `${place}.${name}: ${word}`)];
  }

  private choices(place: string, old: Schema[], now: Schema[], direction: Direction): string[] {
    if (now.length < old.length) return [`${place}: has fewer forms`];
    return old.flatMap((choice, at) => this.schema(`${place}|${at}`, choice, now[at] ?? {}, direction));
  }
}

function breaksInShape(place: string, old: Schema, now: Schema): string[] {
  const isSame = (name: 'type' | 'format' | 'const') => JSON.stringify(old[name]) === JSON.stringify(now[name]);
  const changed = (['type', 'format', 'const'] as const).filter((name) => !isSame(name));
  return changed.map((name) => `${place}: ${name} is ${String(now[name])}, was ${String(old[name])}`);
}

function narrowed(place: string, old: Schema, now: Schema): string[] {
  const number = (schema: Schema, name: string, otherwise: number) => Number(schema[name] ?? otherwise);
  const words = (old.enum ?? []).filter((word) => now.enum && !now.enum.includes(word));
  return [
    ...upperBounds.filter((name) => number(now, name, Infinity) < number(old, name, Infinity)),
    ...lowerBounds.filter((name) => number(now, name, -Infinity) > number(old, name, -Infinity)),
    ...(now.pattern !== undefined && now.pattern !== old.pattern ? ['pattern'] : []),
    ...(now.enum && !old.enum ? ['enum'] : []),
    ...words.map((word) => `the word ${String(word)}`),
  ].map((what) => `${place}: ${what} is taken more narrowly`);
}

function resolved(schema: Schema, api: Api): Schema {
  return schema.$ref === undefined ? schema : (api.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
}
