/**
 * Writes `openapi.json` and the types of the client from the gateway's routes and schemas as they stand in its sources.
 * The gateway need not be built for it: its tests use this client.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import openapiTS, { astToString } from 'openapi-typescript';

const gateway = new URL('../../services/gateway/src/', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) => {
    const isOwn = specifier.startsWith('.') && context.parentURL?.startsWith(gateway);
    return next(isOwn ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
  load: (url, context, next) => {
    if (!url.startsWith(gateway)) return next(url, context);
    const { code } = transformSync(readFileSync(fileURLToPath(url), 'utf8'), {
      filename: fileURLToPath(url),
      jsc: {
        target: 'es2023',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      },
      module: { type: 'es6' },
    });
    return { format: 'module', source: code, shortCircuit: true };
  },
});

await import('reflect-metadata');
const { openApiDocument } = await import(`${gateway}openapi.config.ts`);
const document = await openApiDocument();
write('openapi.json', `${JSON.stringify(document, null, 2)}\n`);
write('src/schema.ts', astToString(await openapiTS(document, { alphabetize: true, defaultNonNullable: false })));

function write(file, text) {
  writeFileSync(new URL(file, import.meta.url), text);
}
