import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { workspaceDir } from '../folders.js';
import { OWNERS, SERVICES } from '../services.js';

async function example<T>(name: string): Promise<T[]> {
  const text = await readFile(join(workspaceDir, 'deploy', 'examples', name), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS({ maxAliasCount: -1 }) as T);
}

interface Postgres {
  readonly kind: string;
  readonly spec: {
    readonly instances: number;
    readonly postgresql: { readonly synchronous: object };
    readonly bootstrap: { readonly initdb: { readonly postInitApplicationSQL: readonly string[] } };
    readonly managed: { readonly roles: readonly { readonly name: string; readonly login: boolean }[] };
  };
}

interface Kafka {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas: number;
    readonly config?: Readonly<Record<string, string>>;
    readonly kafka?: { readonly config: Readonly<Record<string, unknown>> };
  };
}

interface Scaled {
  readonly spec: {
    readonly scaleTargetRef: { readonly name: string };
    readonly triggers: readonly { readonly metadata: { readonly query: string } }[];
  };
}

type Sizes = Readonly<Record<string, { readonly replicas?: number } | undefined>>;

describe('The examples of servers and sizes', () => {
  it('[O1] give each service a role and a schema of its own on CloudNativePG, and none to share', async () => {
    const [cluster] = await example<Postgres>('cloudnativepg.yaml');
    const { bootstrap, managed } = cluster?.spec ?? ({} as Postgres['spec']);
    const sql = bootstrap.initdb.postInitApplicationSQL;
    expect(sql).toContain('REVOKE ALL ON SCHEMA public FROM PUBLIC');
    for (const owner of OWNERS) {
      expect(sql).toContain(`CREATE ROLE regulars_${owner}`);
      expect(sql).toContain(`CREATE SCHEMA ${owner} AUTHORIZATION regulars_${owner}`);
      expect(sql).toContain(`ALTER ROLE regulars_${owner} IN DATABASE regulars SET search_path = ${owner}`);
    }
    expect(managed.roles.map(({ name }) => name).sort()).toEqual(OWNERS.map((owner) => `regulars_${owner}`).sort());
  });

  it('[O5] acknowledge nothing that only one PostgreSQL has', async () => {
    const [cluster] = await example<Postgres>('cloudnativepg.yaml');
    expect(cluster?.spec.instances).toBe(3);
    expect(cluster?.spec.postgresql.synchronous).toEqual({ method: 'any', number: 1, dataDurability: 'required' });
  });

  it('[O1] keep every record on two brokers of three on Strimzi, and let no topic come about by itself', async () => {
    const objects = await example<Kafka>('strimzi.yaml');
    const config = objects.find(({ kind }) => kind === 'Kafka')?.spec.kafka?.config;
    expect(config).toMatchObject({ 'min.insync.replicas': 2, 'transaction.state.log.min.isr': 2 });
    expect(config).toMatchObject({ 'auto.create.topics.enable': false, 'default.replication.factor': 3 });
    const topics = objects.filter(({ kind }) => kind === 'KafkaTopic');
    expect(topics.map(({ spec }) => spec.replicas)).toEqual(topics.map(() => 3));
    const compacted = topics.filter(({ spec }) => spec.config?.['cleanup.policy'] === 'compact');
    expect(compacted.map(({ metadata }) => metadata.name)).toEqual(['regulars.stores.till.v1']);
  });

  it('[O1] scale by KEDA what there is, by a metric that the documents name', async () => {
    const [scaled] = await example<Scaled>('keda.yaml');
    expect(SERVICES).toContain(scaled?.spec.scaleTargetRef.name);
    const metric = /regulars_\w+/.exec(scaled?.spec.triggers[0]?.metadata.query ?? '')?.[0];
    const operations = await readFile(join(workspaceDir, 'docs', 'operations.md'), 'utf8');
    expect(operations).toContain(`| \`${metric}\``);
  });

  it('[O5] run a small store with one pod of each service, and a chain with two at least', async () => {
    const [small] = await example<Sizes>('small-store.yaml');
    const [chain] = await example<Sizes>('chain.yaml');
    expect(SERVICES.map((service) => small?.[service]?.replicas)).toEqual(SERVICES.map(() => 1));
    expect(SERVICES.filter((service) => (chain?.[service]?.replicas ?? 1) < 2)).toEqual([]);
  });
});
