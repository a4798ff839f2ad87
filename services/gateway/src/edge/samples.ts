/** As much of a JSON schema as a sample is made by. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  example?: unknown;
  examples?: unknown[];
  description?: string;
  minimum?: number;
  maxProperties?: number;
  properties?: Record<string, Schema>;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
}

const ofFormat: Readonly<Record<string, string>> = {
  uuid: '0199c0de-0000-7000-8000-00000000000f',
  date: '2026-11-02',
  'date-time': '2026-11-02T11:45:01Z',
};

/** A value that a schema describes, made of the examples of its fields (requirement O6). */
export function sampleOf(schema: Schema, resolve: (reference: string) => Schema): unknown {
  if (schema.$ref !== undefined) return sampleOf(resolve(schema.$ref), resolve);
  const told = [schema.examples?.[0], schema.example, schema.const, schema.default, schema.enum?.[0]];
  const first = told.find((value) => value !== undefined);
  if (first !== undefined) return first;
  const [choice] = schema.oneOf ?? schema.anyOf ?? schema.allOf ?? [];
  if (choice) return sampleOf(choice, resolve);
  switch ([schema.type].flat()[0]) {
    case 'object':
      return sampleOfFields(schema, resolve);
    case 'array':
      return schema.items ? [sampleOf(schema.items, resolve)] : [];
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 0, 1);
    case 'boolean':
      return true;
    default:
      return ofFormat[schema.format ?? ''] ?? 'text';
  }
}

function sampleOfFields({ properties = {}, maxProperties }: Schema, resolve: (reference: string) => Schema): object {
  const fields = Object.entries(properties).slice(0, maxProperties);
  return Object.fromEntries(fields.map(([name, schema]) => [name, sampleOf(schema, resolve)]));
}
