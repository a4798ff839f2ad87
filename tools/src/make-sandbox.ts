import { parseArgs } from 'node:util';
import { runningStack } from './running.js';
import { sandboxFor } from './sandbox.js';

/**
 * `npm run sandbox -- --name "Vendor X"`: prints what a till maker needs, as lines that a shell can read. Of the platform of
 * this checkout, or of `--gateway URL` with an administrator's access token in TOKEN.
 */
const { values: flags } = parseArgs({
  options: { name: { type: 'string', default: 'sandbox' }, gateway: { type: 'string' } },
});

const stack = flags.gateway === undefined ? await runningStack() : undefined;
const gateway = flags.gateway ?? stack?.gateway.url ?? '';
const { key, tillId, members } = await sandboxFor(
  gateway,
  stack?.tokens.administrator ?? process.env.TOKEN ?? '',
  flags.name,
);
console.log(`export GATEWAY=${gateway}`);
console.log(`export TILL_KEY=${key}`);
console.log(`export TILL_ID=${tillId}`);
console.log(`export MEMBER=${members[0]?.number ?? ''}`);
console.error('\nThe key is told this once. Members of the sandbox:');
for (const { number, codeToken } of members) console.error(`  ${number}  code ${codeToken}`);
