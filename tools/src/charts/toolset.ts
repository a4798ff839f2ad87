import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir, workspaceDir } from '../folders.js';

const run = promisify(execFile);

/** The programs that check charts: helm, helm-unittest, kubeconform. */
export type ChartTool = 'helm' | 'helm-unittest' | 'kubeconform';

/**
 * The folder with the programs that check charts. They are built once from `tools/charts/go.mod`, which pins them, and
 * kept in the cache of all checkouts; undefined where Go is not at hand.
 *
 * @throws where they cannot be built
 */
export async function chartTools(): Promise<string | undefined> {
  const source = join(workspaceDir, 'tools', 'charts');
  const pins = await readFile(join(source, 'go.sum'));
  const dir = join(cacheDir, `charts-${createHash('sha256').update(pins).digest('hex').slice(0, 12)}`);
  if (existsSync(dir)) return dir;
  if (!(await run('go', ['version']).catch(() => undefined))) return undefined;
  const draft = `${dir}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  try {
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-trimpath -buildvcs=false', GOWORK: 'off' };
    await run('go', ['build', '-ldflags', '-s -w', '-o', `${draft}/`, 'tool'], {
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
