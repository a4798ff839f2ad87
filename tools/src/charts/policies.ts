/** A Kubernetes object as a chart renders it, as far as policies look at it. */
export interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: unknown;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[] };
  };
  readonly resources?: {
    readonly requests?: { readonly memory?: string };
    readonly limits?: { readonly memory?: string };
  };
}

interface PodSpec {
  readonly automountServiceAccountToken?: boolean;
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly volumes?: readonly object[];
  readonly securityContext?: { readonly runAsNonRoot?: boolean; readonly seccompProfile?: { readonly type?: string } };
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

/** What a rendered object breaks of the profile "restricted" and of our own rules (requirement O1); empty when nothing. */
export function broken(object: Rendered): string[] {
  const pod = podOf(object);
  if (!pod) return [];
  const containers = [...pod.containers, ...(pod.initContainers ?? [])];
  const faults = [...podFaults(pod), ...containers.flatMap((container) => containerFaults(container))];
  return faults.map((fault) => `${object.kind} ${object.metadata.name}: ${fault}`);
}

function podOf({ kind, spec }: Rendered): PodSpec | undefined {
  if (kind === 'Pod') return spec as PodSpec;
  return (spec as { template?: { spec?: PodSpec } } | undefined)?.template?.spec;
}

function podFaults(pod: PodSpec): string[] {
  const isHost = (volume: object) => 'hostPath' in volume;
  return told({
    'may run as root': pod.securityContext?.runAsNonRoot !== true,
    'has no seccomp profile': pod.securityContext?.seccompProfile?.type !== 'RuntimeDefault',
    'shares the host': Boolean(pod.hostNetwork ?? pod.hostPID) || (pod.volumes ?? []).some(isHost),
    'has a token of the cluster': pod.automountServiceAccountToken !== false,
  });
}

function containerFaults({ name, image, securityContext, resources }: Container): string[] {
  const faults = told({
    'may gain rights': securityContext?.allowPrivilegeEscalation !== false,
    'keeps capabilities': !securityContext?.capabilities?.drop?.includes('ALL'),
    'may write to its image': securityContext?.readOnlyRootFilesystem !== true,
    'has an image without a version': !/(:(?!latest$)[\w.-]+|@sha256:[0-9a-f]{64})$/.test(image),
    'asks for no memory, or has no limit': !resources?.requests?.memory || !resources.limits?.memory,
  });
  return faults.map((fault) => `${name} ${fault}`);
}

function told(faults: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(faults).flatMap(([fault, is]) => (is ? [fault] : []));
}
