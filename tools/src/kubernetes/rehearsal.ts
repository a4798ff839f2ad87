import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceDir } from '../folders.js';
import type { LoadReport } from '../trial/load.js';
import type { Cluster } from './cluster.js';

/** Ends what the load says it ends with: a purchase may have failed, its points may not. */
export interface Rehearsed {
  readonly what: string;
  readonly seconds: number;
  readonly report: LoadReport;
}

/**
 * Lays out what makes loyalty's image the next release: a migration that only adds, as the first half of "expand, then
 * contract" does. The version before keeps working with it.
 */
export async function layOutNextRelease(root: string): Promise<void> {
  const folder = join(root, 'app', 'services', 'loyalty', 'dist', 'migrations');
  await mkdir(folder, { recursive: true });
  const built = join(workspaceDir, 'services', 'loyalty', 'dist', 'migrations', 'all.js');
  await cp(built, join(folder, 'before.js'));
  await writeFile(
    join(folder, 'all.js'),
    `import { migrations as before } from './before.js';
class Rehearsal9999999999999 {
  name = 'Rehearsal9999999999999';
  async up(runner) { await runner.query('ALTER TABLE entry ADD COLUMN rehearsal text'); }
  async down(runner) { await runner.query('ALTER TABLE entry DROP COLUMN rehearsal'); }
}
export const migrations = [...before, Rehearsal9999999999999];
`,
  );
}

/** Does something while tills post inside the cluster; `most` seconds are allowed for it. */
export async function underLoad(
  cluster: Cluster,
  image: string,
  what: string,
  most: number,
  work: () => Promise<unknown>,
): Promise<Rehearsed> {
  const name = `load-${Date.now().toString(36)}`;
  await cluster.apply(loadJob(name, image, most));
  await cluster.kubectl('wait', `--for=jsonpath={.status.ready}=1`, `job/${name}`, '--timeout=60s');
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const from = performance.now();
  await work();
  const tookS = (performance.now() - from) / 1_000;
  if (tookS > most - 3) throw new Error(`${what} took ${tookS.toFixed(0)} s: the load had ended before`);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await cluster.kubectl('exec', `job/${name}`, '--', '/usr/local/bin/node', '-e', 'process.kill(1, "SIGTERM")');
  await cluster.kubectl('wait', '--for=condition=complete', `job/${name}`, '--timeout=120s');
  const lines = (await cluster.kubectl('logs', `job/${name}`)).trim().split('\n');
  await cluster.kubectl('delete', 'job', name, '--wait=false');
  return { what, seconds: tookS, report: JSON.parse(lines.at(-1) ?? '') as LoadReport };
}

function loadJob(name: string, image: string, seconds: number): object {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels: { 'app.kubernetes.io/part-of': 'regulars-trial' } },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { labels: { 'app.kubernetes.io/name': 'load', 'app.kubernetes.io/part-of': 'regulars-trial' } },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            fsGroup: 65532,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: 'load',
              image,
              args: ['load'],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              env: [
                { name: 'PLAN_FILE', value: '/run/secrets/load/plan.json' },
                { name: 'SECONDS', value: String(seconds) },
              ],
              volumeMounts: [{ name: 'plan', mountPath: '/run/secrets/load', readOnly: true }],
            },
          ],
          volumes: [{ name: 'plan', secret: { secretName: 'regulars-load', defaultMode: 0o440 } }],
        },
      },
    },
  };
}
