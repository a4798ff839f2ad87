import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { brokenLines, readReport, type ScenarioReport, writeReport } from './report.js';
import type { Scenario } from './scenario.js';

const workspaceDir = join(import.meta.dirname, '..', '..');
const plantedDir = join(workspaceDir, 'faults', 'planted');

/** What is copied; packages and git's own files stay where they are. */
const COPIED = ['libs', 'services', 'tools', 'faults', 'package.json', 'tsconfig.base.json'];

/** A bug may leave a name without a use. */
const LENIENT = ['--noUnusedLocals', 'false', '--noUnusedParameters', 'false'];

/** What a scenario said about product code with a bug in it. */
interface Planted {
  readonly scenario: string;
  /** The rule that the bug breaks, as the patch tells. */
  readonly expected: string;
  /** Whether the checker saw that it was broken. */
  readonly seen: boolean;
  readonly report: ScenarioReport | undefined;
}

/**
 * Runs each scenario against a copy of the product with the bug of `planted/<scenario>.patch` in it, and expects its
 * checker to see it: a checker that cannot fail proves nothing. Ends with 0 when every bug was seen.
 */
export async function runPlanted(scenarios: readonly Scenario[], seed: number, outDir: string): Promise<number> {
  const results: Planted[] = [];
  for (const [index, { name }] of scenarios.entries()) {
    console.log(styleText('bold', `\n${index + 1}/${scenarios.length} ${name} with its planted bug`));
    const result = await runWithBug(name, seed, join(outDir, 'planted')).catch((error: unknown) => {
      console.error(error);
      return { scenario: name, expected: '', seen: false, report: undefined };
    });
    results.push(result);
    console.log(result.seen ? styleText('green', '  ✓ seen') : styleText('red', '  ✗ not seen'));
    for (const line of (result.report?.violations ?? []).flatMap(brokenLines)) console.log(line);
    await writeReport(join(outDir, 'planted-report.json'), results);
  }
  const blind = results.filter(({ seen }) => !seen);
  console.log(`\n${results.length - blind.length} bugs seen, ${blind.length} not seen`);
  for (const { scenario } of blind) console.log(styleText('red', `  ${scenario}`));
  return blind.length === 0 ? 0 : 1;
}

async function runWithBug(scenario: string, seed: number, outDir: string): Promise<Planted> {
  const patch = join(plantedDir, `${scenario}.patch`);
  if (!existsSync(patch)) throw new Error(`${scenario} has no planted bug: ${patch} is missing`);
  const copy = join(workspaceDir, '.regulars', `planted-${process.pid}`);
  try {
    await copyWorkspace(copy);
    await run('git', ['apply', '-C1', patch], copy, {
      GIT_CEILING_DIRECTORIES: join(workspaceDir, '.regulars'),
    });
    for (const project of await patchedProjects(patch)) await run('tsc', ['-p', project, ...LENIENT], copy);
    const out = join(outDir, scenario);
    await rm(join(out, 'report.json'), { force: true });
    await run(
      'node',
      [...process.execArgv, 'faults/dist/main.js', scenario, '--seed', String(seed), '--out', out],
      copy,
    ).catch(() => undefined);
    const report = existsSync(join(out, 'report.json'))
      ? (await readReport(join(out, 'report.json'))).scenarios[0]
      : undefined;
    const expected = await expectedRule(patch);
    const seen = report?.violations.some(({ rule }) => rule === expected) ?? false;
    return { scenario, expected, seen, report };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** What stands behind `Seen by:` at the head of a patch. A bug that only stops the scenario is not seen. */
export async function expectedRule(patch: string): Promise<string> {
  const [, rule] = /^Seen by: (.+)$/m.exec(await readFile(patch, 'utf8')) ?? [];
  if (!rule) throw new Error(`${patch} does not tell by which rule it is seen`);
  return rule;
}

/** A checkout of its own, with the packages of this one. */
async function copyWorkspace(copy: string): Promise<void> {
  await rm(copy, { recursive: true, force: true });
  await mkdir(join(copy, 'node_modules', '@regulars'), { recursive: true });
  const isCopied = (path: string) => !/(^|\/)(node_modules|out)$/.test(path);
  for (const name of COPIED) {
    await cp(join(workspaceDir, name), join(copy, name), {
      recursive: true,
      filter: isCopied,
      preserveTimestamps: true,
    });
  }
  const packages = join(workspaceDir, 'node_modules');
  for (const name of await readdir(packages)) {
    if (name !== '@regulars') await symlink(join(packages, name), join(copy, 'node_modules', name));
  }
  for (const folder of ['libs', 'services', '.']) {
    const projects = folder === '.' ? ['tools', 'faults'] : await readdir(join(copy, folder));
    for (const project of projects) {
      await symlink(join(copy, folder, project), join(copy, 'node_modules', '@regulars', project));
      const own = join(workspaceDir, folder, project, 'node_modules');
      if (existsSync(own)) await symlink(own, join(copy, folder, project, 'node_modules'));
    }
  }
}

/** The packages that a patch changes, such as `services/loyalty`. */
async function patchedProjects(patch: string): Promise<string[]> {
  const changed = (await readFile(patch, 'utf8')).matchAll(/^\+\+\+ b\/((?:libs|services)\/[^/]+)\//gm);
  return [...new Set([...changed].map(([, project]) => project as string))].sort();
}

function run(command: string, args: readonly string[], dir: string, env: Record<string, string> = {}): Promise<void> {
  const bin = join(workspaceDir, 'node_modules', '.bin');
  const child = spawn(command, args, {
    cwd: dir,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, ...env },
    // A suite that loses its parent ends its servers: it notices by the channel.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`))));
  });
}
