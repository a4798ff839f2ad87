import { parseArgs } from 'node:util';
import { runningStack } from './running.js';
import { sandboxFor } from './sandbox.js';

/**
 * `npm run sandbox -- --name "Vendor X"`: prints what a till maker needs, as lines that a shell can read. Of the platform of
 * this checkout, or of `--gateway URL` with an administrator's access token in TOKEN. With `--public-key X`, the `x` of an
 * Ed25519 key, the till signs what it sends, and what it needs is the id of the key.
 */
const { values: flags } = parseArgs({
  options: {
    name: { type: 'string', default: 'sandbox' },
    gateway: { type: 'string' },
    'public-key': { type: 'string' },
  },
});

const stack = flags.gateway === undefined ? await runningStack() : undefined;
const gateway = flags.gateway ?? stack?.gateway.url ?? '';
const { key, keyId, tillId, members } = await sandboxFor(
  gateway,
  stack?.tokens.administrator ?? process.env.TOKEN ?? '',
  flags.name,
  flags['public-key'],
);
console.log(`export GATEWAY=${gateway}`);
console.log(key === '' ? `export KEY_ID=${keyId}` : `export TILL_KEY=${key}`);
console.log(`export TILL_ID=${tillId}`);
console.log(`export MEMBER=${members[0]?.number ?? ''}`);
console.error('\nThe key is told this once. Members of the sandbox:');
for (const { number, codeToken } of members) console.error(`  ${number}  code ${codeToken}`);
