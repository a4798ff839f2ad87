import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import pc from 'picocolors';
import { stackDir, workspaceDir } from './folders.js';
import { CannotStart } from './processes.js';
import { printed } from './progress.js';
import { type Servers, startTestServers } from './servers.js';

/**
 * `npm test`: every check, then every test, on servers of its own unless `DATABASE_URL` and `KAFKA_BROKERS` name some.
 * With arguments (`npm test -- services/loyalty`) only the tests whose path they match. The last line is
 * `N passed, N failed`: each check counts one, and each test.
 */
const patterns = process.argv.slice(2);
const METRICS = [join('tools', 'dist', 'metrics', 'main.js')];
const total = { passed: 0, failed: 0 };
const running = new Set<number>();
let servers: Promise<Servers> | undefined;
let isInterrupted = false;

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const) {
  process.on(name as 'SIGINT', () => void interrupted());
}
await main();

async function main(): Promise<void> {
  servers = startTestServers(printed);
  servers.catch(() => undefined);
  // Where its programs have to be built first that takes minutes, beside the other checks but never beside a test.
  const charts = patterns.length === 0 ? checkCharts() : undefined;
  // Lint and tests read what the build writes.
  const isBuilt = await check('build and types', 'nx', ['run-many', '-t', 'build', '--outputStyle=static']);
  if (patterns.length === 0) {
    await Promise.all([check('lint and boundaries (eslint)', 'eslint', ['.', '--max-warnings', '0']), smallChecks()]);
  }
  await charts;
  try {
    if (isBuilt) await testOn(await servers);
  } catch (error) {
    total.failed++;
    console.error(error instanceof CannotStart ? error.message : error);
  } finally {
    await stopServers();
  }
  if (isInterrupted) return;
  // It reads with what the charts' check has built.
  if (isBuilt && patterns.length === 0) await check('metrics as Prometheus reads them', process.execPath, METRICS);
  if (!isBuilt) console.error(pc.red('The tests were not run, because the build failed.'));
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exit(total.failed === 0 && isBuilt ? 0 : 1);
}

async function smallChecks(): Promise<void> {
  await check('format (biome)', 'biome', ['check', '.']);
  await check('contracts (buf lint)', 'buf', ['lint'], 'proto');
  await check('contracts stay compatible (buf breaking)', 'buf', ['breaking', '--against', 'baseline.binpb'], 'proto');
  await check('API document (redocly lint)', 'redocly', ['lint', 'openapi.json'], join('libs', 'client'));
  await check('API stays compatible', process.execPath, [join('tools', 'dist', 'api-changes.js')]);
  await check('licences of packages', process.execPath, [join('tools', 'dist', 'licences.js')]);
  await check('docs/requirements.md is up to date', process.execPath, [
    join('tools', 'dist', 'requirements.js'),
    '--check',
  ]);
}

/** Behind the other checks. */
function checkCharts(): Promise<boolean> {
  return check('charts', 'nice', ['-n', '10', process.execPath, join('tools', 'dist', 'charts', 'main.js')]);
}

/** Runs one check and counts it; prints its output only when it fails. */
async function check(what: string, command: string, args: readonly string[], dir = '.'): Promise<boolean> {
  let output = '';
  try {
    await printed.stage(what, async () => {
      const result = await runCommand(command, args, dir);
      output = result.output;
      if (result.code !== 0) throw new Error(what);
    });
    for (const line of output.split('\n')) if (line.includes('NOT RUN')) console.log(line);
    total.passed++;
    return true;
  } catch {
    console.error(output.trim());
    total.failed++;
    return false;
  }
}

async function runCommand(
  command: string,
  args: readonly string[],
  dir: string,
): Promise<{ code: number; output: string }> {
  const child = spawn(command, args, {
    cwd: join(workspaceDir, dir),
    env: { ...process.env, FORCE_COLOR: pc.isColorSupported ? '1' : '0', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid ?? 0;
  running.add(pid);
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  const [out, err, code] = await Promise.all([buffer(child.stdout), buffer(child.stderr), ended]);
  running.delete(pid);
  return { code, output: `${out.toString()}${err.toString()}` };
}

async function testOn({ adminUrl, brokers }: Servers): Promise<void> {
  const outputFile = join(stackDir, `jest-${process.pid}.json`);
  await mkdir(stackDir, { recursive: true });
  const child = spawn('jest', [...patterns, '--json', `--outputFile=${outputFile}`], {
    cwd: workspaceDir,
    env: {
      ...process.env,
      NODE_OPTIONS:
        '--experimental-vm-modules --disable-warning=ExperimentalWarning --disable-warning=TimeoutNegativeWarning',
      REGULARS_TEST_DATABASE_URL: adminUrl,
      REGULARS_TEST_KAFKA_BROKERS: brokers,
    },
    // Jest reports to standard error; its standard output would be the JSON.
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  running.add(child.pid ?? 0);
  await new Promise<void>((resolve) => child.once('close', () => resolve()));
  running.delete(child.pid ?? 0);
  count(JSON.parse(await readFile(outputFile, 'utf8')) as JestResult);
  await rm(outputFile);
}

interface JestResult {
  success: boolean;
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  /** Files that could not even be loaded. */
  numRuntimeErrorTestSuites: number;
}

function count(result: JestResult): void {
  const skipped = result.numPendingTests + result.numTodoTests;
  if (skipped > 0) console.log(`${skipped} skipped`);
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  total.passed += result.numPassedTests;
  // Jest may refuse a run without naming a test: nothing matched, or a test left something open.
  total.failed += failed > 0 || result.success ? failed : 1;
}

async function interrupted(): Promise<void> {
  isInterrupted = true;
  for (const pid of running) process.kill(pid, 'SIGTERM');
  await stopServers();
  process.exit(130);
}

async function stopServers(): Promise<void> {
  await servers?.then((started) => started.stop()).catch(() => undefined);
}
