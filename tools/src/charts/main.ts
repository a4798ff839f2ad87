import { execFile } from 'node:child_process';
import { cp, glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { workspaceDir } from '../folders.js';
import { broken, type Rendered } from './policies.js';
import { chartTools, prometheusTools } from './toolset.js';

const run = promisify(execFile);

/** A template that is longer cannot be read at a glance. */
const MOST_LINES = 80;

/** The oldest Kubernetes that the charts say they run on, and the one whose schemas are kept. */
const KUBERNETES = ['1.27.0', '1.34.4'];

/** Kinds of operators: their schemas are theirs. */
const FOREIGN = 'ServiceMonitor,PrometheusRule,HTTPRoute';

const deploy = join(workspaceDir, 'deploy');

/** `npm run test:charts`: whether the charts render, what they render is well-formed, restricted, and as its tests say. */
const bin = await chartTools();
if (!bin) {
  const isCi = process.env.CI === 'true';
  console.log(`charts: NOT RUN${isCi ? '' : ' (they need Go, or the programs in the cache)'}`);
  process.exit(isCi ? 1 : 0);
}
const room = await mkdtemp(join(tmpdir(), 'regulars-charts-'));
try {
  await check(bin, await chartsIn(bin, room));
} catch (error) {
  const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
  console.error(`${stdout}${stderr}`.trim() || message);
  process.exitCode = 1;
} finally {
  await rm(room, { recursive: true, force: true });
}

/** A copy of the charts with the service chart put into the umbrella, so that nothing is left in the checkout. */
async function chartsIn(tools: string, dir: string): Promise<string> {
  const charts = join(dir, 'charts');
  await cp(join(deploy, 'charts'), charts, { recursive: true, filter: (path) => !path.endsWith('regulars/charts') });
  await run(join(tools, 'helm'), ['dependency', 'update', join(charts, 'regulars')]);
  return charts;
}

async function check(tools: string, charts: string): Promise<void> {
  await templatesAreShort(charts);
  const [service, regulars] = [join(charts, 'service'), join(charts, 'regulars')];
  const tests = await run(join(tools, 'helm-unittest'), [service, regulars]);
  console.log(/^Tests:.*$/m.exec(tests.stdout)?.[0] ?? tests.stdout);
  let objects = 0;
  const sets = await valueSets();
  for (const files of sets) {
    const values = files.flatMap((file) => ['-f', file]);
    await run(join(tools, 'helm'), ['lint', '--strict', regulars, ...values]);
    for (const version of KUBERNETES) {
      const rendered = join(room, 'rendered.yaml');
      const { stdout } = await run(
        join(tools, 'helm'),
        ['template', 'regulars', regulars, '--kube-version', version, ...values],
        { maxBuffer: 2 ** 26 },
      );
      await writeFile(rendered, stdout);
      await run(join(tools, 'kubeconform'), ['-strict', '-skip', FOREIGN, '-schema-location', schemas(), rendered]);
      objects += restricted(stdout, files);
    }
  }
  const single = join(deploy, 'examples', 'single-node', 'servers.yaml');
  await run(join(tools, 'kubeconform'), ['-strict', '-schema-location', schemas(), single]);
  objects += restricted(await readFile(single, 'utf8'), [single]);
  console.log(
    `${sets.length} sets of values on Kubernetes ${KUBERNETES.join(' and ')}: ${objects} objects are valid and restricted`,
  );
  await alertsHold();
}

function schemas(): string {
  return join(deploy, 'schemas', '{{.ResourceKind}}{{.KindSuffix}}.json');
}

/** The matrix: the defaults, every file in charts/matrix alone, and the value files of the examples. */
async function valueSets(): Promise<string[][]> {
  const files: string[] = [];
  for (const pattern of ['charts/matrix/*.yaml', 'examples/*/values.yaml', 'examples/{small-store,chain}.yaml']) {
    for await (const file of glob(join(deploy, pattern))) files.push(file);
  }
  return [[], ...files.sort().map((file) => [file])];
}

async function templatesAreShort(charts: string): Promise<void> {
  for await (const file of glob(join(charts, '*', 'templates', '**', '*.{yaml,tpl,txt}'))) {
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n').length;
    if (lines > MOST_LINES) throw new Error(`${relative(charts, file)} has ${lines} lines, of at most ${MOST_LINES}`);
  }
}

function restricted(text: string, files: readonly string[]): number {
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Rendered | null);
  const faults = objects.flatMap((object) => (object ? broken(object) : []));
  if (faults.length > 0) throw new Error(`With ${files.join(', ') || 'the defaults'}:\n${faults.join('\n')}`);
  return objects.filter(Boolean).length;
}

async function alertsHold(): Promise<void> {
  const promtool = await prometheusTools();
  if (promtool === undefined) throw new Error('The programs for the charts are there, those for the alerts are not');
  const files: string[] = [];
  for await (const file of glob(join(deploy, 'alerts', '*.test.yaml'))) files.push(file);
  await run(join(promtool, 'promtool'), ['test', 'rules', ...files.sort()]);
  console.log(`alerts: every test of ${files.map((file) => relative(deploy, file)).join(', ')} holds`);
}
