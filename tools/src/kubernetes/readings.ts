import { SERVICES, type ServiceName } from '../services.js';
import type { Cluster } from './cluster.js';

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status: {
    readonly conditions: readonly { readonly type: string; readonly lastTransitionTime: string }[];
    readonly containerStatuses: readonly { readonly state: { readonly running?: { readonly startedAt: string } } }[];
  };
}

interface NodeSummary {
  readonly pods: readonly {
    readonly podRef: { readonly namespace: string };
    readonly containers?: readonly { readonly name: string; readonly memory?: { readonly workingSetBytes?: number } }[];
  }[];
}

/** How long a service took until it was ready (requirement O1). */
export interface Start {
  readonly service: ServiceName;
  /** Milliseconds since its process began, by its own log. */
  readonly processMs: number;
  /** Seconds from the start of the container to the pod being ready, as the cluster writes both down: whole ones. */
  readonly podSeconds: number;
}

/** Starts each service anew, one after the other with nothing else going on, and tells how long each took. */
export async function startsOf(cluster: Cluster): Promise<Start[]> {
  const starts: Start[] = [];
  for (const service of SERVICES) {
    await cluster.kubectl('rollout', 'restart', `deploy/${service}`);
    await cluster.kubectl('rollout', 'status', `deploy/${service}`, '--timeout=120s');
    const pods = await cluster.items<Pod>('pods', '-l', `app.kubernetes.io/name=${service}`);
    const pod = pods.find(({ metadata }) => metadata.deletionTimestamp === undefined);
    if (!pod) throw new Error(`${service} has no pod`);
    starts.push({ service, processMs: await processMs(cluster, pod), podSeconds: podSeconds(pod) });
  }
  return starts;
}

/**
 * Memory that the kubelets count for the containers of the namespace (their working sets, which is what a limit is held
 * against), in MiB by the container's name, the largest first (requirement O5).
 */
export async function memoryOf(cluster: Cluster): Promise<Map<string, number>> {
  const nodes = await cluster.items<{ metadata: { name: string } }>('nodes');
  const found = new Map<string, number>();
  for (const { metadata } of nodes) {
    const path = `/api/v1/nodes/${metadata.name}/proxy/stats/summary`;
    const { pods } = JSON.parse(await cluster.kubectl('get', '--raw', path)) as NodeSummary;
    for (const { podRef, containers = [] } of pods) {
      if (podRef.namespace !== cluster.namespace) continue;
      for (const { name, memory } of containers) {
        found.set(name, (found.get(name) ?? 0) + (memory?.workingSetBytes ?? 0) / 2 ** 20);
      }
    }
  }
  return new Map([...found].sort(([, one], [, other]) => other - one));
}

async function processMs(cluster: Cluster, { metadata }: Pod): Promise<number> {
  const line = (await cluster.kubectl('logs', metadata.name)).split('\n').find((each) => each.includes('"startMs"'));
  return (JSON.parse(line ?? '{}') as { startMs?: number }).startMs ?? Number.NaN;
}

function podSeconds({ status }: Pod): number {
  const ready = status.conditions.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '';
  const begun = status.containerStatuses[0]?.state.running?.startedAt ?? '';
  return (Date.parse(ready) - Date.parse(begun)) / 1_000;
}
