import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Api, breaksIn } from './additive.js';
import { workspaceDir } from './folders.js';

/**
 * Compares the API document of this build with the one of the last release, and fails when a caller of that release would
 * break. With `--release` the document of this build becomes the one to compare with.
 */
const client = join(workspaceDir, 'libs', 'client');
const baseline = join(client, 'baseline.json');
const current = JSON.parse(await readFile(join(client, 'openapi.json'), 'utf8')) as Api;

if (process.argv.includes('--release')) {
  const told = new Set(['description', 'summary', 'example', 'examples', 'tags', 'info', 'headers', 'title']);
  const isNameOfField = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  const bare = JSON.stringify(current, function (this: object, key, value: unknown) {
    const isField = isNameOfField(value) && ('type' in (value as object) || '$ref' in (value as object));
    return told.has(key) && !isField ? undefined : value;
  });
  await writeFile(baseline, `${bare}\n`);
} else {
  const found = breaksIn(JSON.parse(await readFile(baseline, 'utf8')) as Api, current);
  for (const line of found) console.error(line);
  process.exitCode = found.length === 0 ? 0 : 1;
}
