import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir, workspaceDir } from '../folders.js';

const run = promisify(execFile);

/**
 * The folder with helm, helm-unittest and kubeconform; undefined where Go is not at hand.
 *
 * @throws where they cannot be built
 */
export function chartTools(): Promise<string | undefined> {
  return built('charts');
}

/**
 * The folder with prometheus and promtool, '' where they are on the PATH; undefined where they are not and Go is missing.
 * They read files and HTTP alone: whatever discovers targets in clouds is left out, which is most of Prometheus.
 *
 * @throws where they cannot be built
 */
export async function prometheusTools(): Promise<string | undefined> {
  const onPath = await Promise.all(['prometheus', 'promtool'].map((name) => answers(name, '--version')));
  return onPath.every(Boolean) ? '' : built('prometheus', ['-tags', 'remove_all_sd']);
}

/** Builds the programs of `tools/<module>/go.mod`, which pins them, and keeps them in the cache of all checkouts. */
async function built(module: string, flags: readonly string[] = []): Promise<string | undefined> {
  const source = join(workspaceDir, 'tools', module);
  const pins = await readFile(join(source, 'go.sum'));
  const dir = join(cacheDir, `${module}-${createHash('sha256').update(pins).digest('hex').slice(0, 12)}`);
  if (existsSync(dir)) return dir;
  if (!(await answers('go', 'version'))) return undefined;
  const draft = `${dir}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  try {
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-trimpath -buildvcs=false', GOWORK: 'off' };
    await run('go', ['build', ...flags, '-ldflags', '-s -w', '-o', `${draft}/`, 'tool'], {
      cwd: source,
      env,
      maxBuffer: 2 ** 26,
    });
    await rename(draft, dir);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(dir)) throw error;
  }
  return dir;
}

async function answers(program: string, argument: string): Promise<boolean> {
  return (await run(program, [argument]).catch(() => undefined)) !== undefined;
}
