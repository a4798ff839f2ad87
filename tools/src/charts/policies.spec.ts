import { describe, expect, it } from '@jest/globals';
import { broken } from './policies.js';

const container = {
  name: 'loyalty',
  image: 'regulars/loyalty:0.1.0',
  securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  resources: { requests: { memory: '192Mi' }, limits: { memory: '384Mi' } },
};
const pod = {
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [container],
};
const deployment = (spec: object) => ({ kind: 'Deployment', metadata: { name: 'x' }, spec: { template: { spec } } });

describe('What charts may not render', () => {
  it('[O1] lets a restricted pod pass', () => {
    expect(broken(deployment(pod))).toEqual([]);
    expect(broken({ kind: 'Service', metadata: { name: 'x' }, spec: {} })).toEqual([]);
  });

  it('[O1] tells everything that a careless pod does', () => {
    expect(broken(deployment({ hostNetwork: true, containers: [{ name: 'c', image: 'c:latest' }] }))).toEqual([
      'Deployment x: may run as root',
      'Deployment x: has no seccomp profile',
      'Deployment x: shares the host',
      'Deployment x: has a token of the cluster',
      'Deployment x: c may gain rights',
      'Deployment x: c keeps capabilities',
      'Deployment x: c may write to its image',
      'Deployment x: c has an image without a version',
      'Deployment x: c asks for no memory, or has no limit',
    ]);
  });

  it('[O1] looks at init containers and at bare pods as well', () => {
    expect(
      broken({
        kind: 'Pod',
        metadata: { name: 'y' },
        spec: { ...pod, initContainers: [{ ...container, image: 'i' }] },
      }),
    ).toEqual(['Pod y: loyalty has an image without a version']);
  });
});
