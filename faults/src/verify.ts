import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { type Checked, checkStored } from '@regulars/invariants';
import pg from 'pg';

/**
 * `npm run verify`: checks the stored invariants of a running installation and ends with 0 when all hold. Reads only. The
 * database is the one that `DATABASE_URL` names, else that of the platform that runs in this checkout.
 */
process.exit(await main());

async function main(): Promise<number> {
  const url = process.env.DATABASE_URL ?? databaseOfStack();
  if (!url) {
    console.error('No platform runs in this checkout: start one with `npm start`, or set DATABASE_URL.');
    return 2;
  }
  const client = new pg.Client({ connectionString: url, application_name: 'verify', connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    const checked = await checkStored(client);
    for (const each of checked) console.log(lines(each));
    const broken = checked.filter((each) => (each.broken ?? 0) > 0).length;
    const skipped = checked.filter((each) => each.broken === undefined).length;
    console.log(`${checked.length - broken - skipped} hold, ${broken} broken, ${skipped} not checked`);
    return broken === 0 && skipped < checked.length ? 0 : 1;
  } catch (error) {
    console.error(`The database could not be checked: ${(error as Error).message}`);
    return 2;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function databaseOfStack(): string | undefined {
  try {
    const file = join(import.meta.dirname, '..', '..', '.regulars', 'stack.json');
    return (JSON.parse(readFileSync(file, 'utf8')) as { database: { admin: string } }).database.admin;
  } catch {
    return undefined;
  }
}

function lines({ rule, broken, cases, seconds }: Checked): string {
  const took = styleText('dim', `${seconds.toFixed(2)} s`);
  if (broken === undefined)
    return `${styleText('yellow', '–')} ${rule}: not checked, because a table that it reads is out of reach`;
  if (broken === 0) return `${styleText('green', '✓')} ${rule} ${took}`;
  return [`${styleText('red', '✗')} ${rule}: ${broken} ${took}`, ...cases.map((each) => `    ${each}`)].join('\n');
}
