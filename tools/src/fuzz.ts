import { execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { Api, accepted } from './api.js';
import { cacheDir, stackDir, workspaceDir } from './folders.js';
import { type Platform, startPlatform } from './platform.js';
import { CannotStart } from './processes.js';
import { printed } from './progress.js';
import { samplePurchase } from './samples.js';
import { STORES } from './seed.js';
import { startTestServers } from './servers.js';

/**
 * `npm run fuzz`: requests made from the OpenAPI document against a platform of its own, by schemathesis. No answer may be
 * 5xx, and none may be one that the document does not tell: status, content type, headers, shape (requirement O6).
 *
 * Bounded: `--examples N` requests for each operation and kind, `--seconds N` for each of the two callers. The seed is
 * printed; `--seed N` repeats a run.
 */
const SCHEMATHESIS = '4.32.0';
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];

const run = promisify(execFile);
const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    examples: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '75' },
  },
});

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof CannotStart ? error.message : error);
  process.exitCode = 2;
}

async function main(): Promise<number> {
  const program = await printed.stage('schemathesis', schemathesis);
  const servers = await startTestServers(printed);
  try {
    const platform = await startPlatform({ servers, progress: printed });
    try {
      const known = await examplesOn(platform);
      const [till] = platform.tillKeys ?? [];
      console.log(`seed ${flags.seed}: npm run fuzz -- --seed ${flags.seed} makes the same requests again`);
      const asTill = await fuzz(program, platform, 'tillKey', till?.key ?? '', known);
      const asPerson = await fuzz(program, platform, 'accessToken', platform.tokens.administrator, known);
      console.log(asTill && asPerson ? 'fuzz: every answer is one that the document tells' : 'fuzz: failed');
      return asTill && asPerson ? 0 : 1;
    } finally {
      await platform.stop();
    }
  } finally {
    await servers.stop();
  }
}

/** The program, in a virtual environment of its own that is made once. */
async function schemathesis(): Promise<string> {
  const home = join(cacheDir, `schemathesis-${SCHEMATHESIS}`);
  const program = join(home, 'bin', 'schemathesis');
  const done = join(home, 'installed');
  if (existsSync(done)) return program;
  await rm(home, { recursive: true, force: true });
  await mkdir(cacheDir, { recursive: true });
  try {
    await run('python3', ['-m', 'venv', home]);
    await run(join(home, 'bin', 'pip'), ['install', '--quiet', `schemathesis==${SCHEMATHESIS}`]);
    await writeFile(`${done}.tmp`, '');
    await rename(`${done}.tmp`, done);
    return program;
  } catch (error) {
    throw new CannotStart(
      `schemathesis ${SCHEMATHESIS} could not be installed (${String(error).split('\n')[0]}): it needs Python 3.10 or newer with venv, and PyPI.`,
    );
  }
}

/** Ids that are there, by the names of the parameters and fields that take them. */
async function examplesOn(platform: Platform): Promise<ReadonlyMap<string, unknown>> {
  const [till, member] = [platform.tillKeys?.[0], platform.members?.[0]];
  if (!till || !member) throw new Error('the platform is not seeded');
  const posted = await new Api(platform.gateway.url, till.key).post(
    '/v1/purchases',
    samplePurchase(till, STORES[0], { number: member.number }, 'FUZZ-1'),
  );
  const { entryId } = accepted(posted, 'posting a purchase') as { entryId?: string };
  return new Map<string, unknown>([
    ['storeId', till.storeId],
    ['tillId', till.tillId],
    ['memberId', member.memberId],
    ['number', member.number],
    ['programmeId', platform.programmeId],
    ...(entryId === undefined ? [] : ([['entryId', entryId]] as const)),
  ]);
}

interface Document {
  paths: Record<string, Record<string, { security?: Record<string, unknown>[] }>>;
}

/** Runs over the operations that are for the scheme; a person takes those that no till may call. */
async function fuzz(
  program: string,
  { gateway }: Platform,
  scheme: 'tillKey' | 'accessToken',
  bearer: string,
  known: ReadonlyMap<string, unknown>,
): Promise<boolean> {
  const document = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as Document;
  const isFor = (security: Record<string, unknown>[] = []) =>
    security.some((each) => 'tillKey' in each) === (scheme === 'tillKey');
  const paths = Object.entries(document.paths).flatMap(([path, item]) => {
    const kept = Object.entries(item).filter(([, operation]) => isFor(operation.security));
    return kept.length > 0 ? [[path, Object.fromEntries(kept)] as const] : [];
  });
  document.paths = Object.fromEntries(paths);
  const file = join(stackDir, `fuzz-${scheme}.json`);
  await mkdir(stackDir, { recursive: true });
  await writeFile(
    file,
    JSON.stringify(document, (name, value: unknown) => withExamples(name, value, known)),
  );
  const child = spawn(
    program,
    [
      ...['run', file, '--url', gateway.url, '--header', `Authorization: Bearer ${bearer}`],
      ...['--checks', CHECKS.join(','), '--seed', flags.seed, '--max-examples', flags.examples],
      ...['--phases', 'examples,coverage,fuzzing', '--max-time', flags.seconds, '--workers', '2'],
      ...['--suppress-health-check', 'all', '--warnings', 'off', '--request-timeout', '20', '--no-color'],
    ],
    {
      stdio: 'inherit',
      cwd: stackDir,
      env: { ...process.env, SCHEMATHESIS_HOOKS: join(workspaceDir, 'tools', 'fuzz', 'hooks.py') },
    },
  );
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0));
  });
}

/** Puts an id that is there in place of the example of a parameter, a field, or a body made of such. */
function withExamples(name: string, value: unknown, known: ReadonlyMap<string, unknown>): unknown {
  if (typeof value === 'string' && known.has(name)) return known.get(name);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const parameter = value as { name?: unknown; in?: unknown; schema?: object };
  if (typeof parameter.name === 'string' && parameter.in !== undefined && known.has(parameter.name)) {
    return { ...parameter, example: known.get(parameter.name) };
  }
  return value;
}
