import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { termsBody, termsOf } from './programme.js';

const fileOf = (name: string) => new URL(`../../../../docs/programmes/${name}`, import.meta.url);
const read = (name: string) => JSON.parse(readFileSync(fileOf(name), 'utf8')) as Record<string, unknown>;

/** The terms as they are posted, with the line by which an editor finds their schema. */
function schema() {
  const document = termsBody.extend({ $schema: z.string().optional() }).meta({ id: 'Programme' });
  return JSON.stringify(z.toJSONSchema(document, { io: 'input', target: 'draft-2020-12' }), null, 2);
}

describe('The documents about programmes', () => {
  it('[L3] keep a JSON schema that says what the API takes; UPDATE=true writes it', () => {
    if (process.env.UPDATE === 'true') writeFileSync(fileOf('programme.schema.json'), `${schema()}\n`);
    expect(read('programme.schema.json')).toEqual(JSON.parse(schema()));
  });

  it.each(['restaurant', 'canteen', 'supermarket', 'product-maker'])(
    '[L3] have an example for a %s that the API takes',
    (name) => {
      const { $schema, ...terms } = read(`${name}.json`);
      expect($schema).toBe('./programme.schema.json');
      const { rules, tiers } = termsOf(termsBody.parse(terms));
      expect(rules.every(({ gives }) => gives !== undefined)).toBe(true);
      expect(tiers.length).toBeGreaterThan(0);
    },
  );
});
