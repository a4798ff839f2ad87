import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { workspaceDir } from '../folders.js';
import { labelsKept, namedMetrics, selectorsIn } from './named.js';
import { dashboardExpressions, documentedMetrics, rules } from './observed.js';

interface AlertTest {
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

const DECLARED = /new (?:Counter|Gauge|Histogram)\(\{\s*name: '([a-z_]+)'/g;

/** What Node and Prometheus bring themselves. */
const FOREIGN = /^(nodejs|process)_|^up$/;

/** Labels that Prometheus adds, or a histogram has by itself. */
const ADDED = ['service', 'pod', 'le'];

async function textsOf(...patterns: string[]): Promise<string[]> {
  const files: string[] = [];
  for (const pattern of patterns) for await (const file of glob(join(workspaceDir, pattern))) files.push(file);
  return Promise.all(files.map((file) => readFile(file, 'utf8')));
}

async function alertTests() {
  const texts = await textsOf('deploy/alerts/*.test.yaml');
  return texts.flatMap((text) => (parse(text) as { tests: AlertTest[] }).tests).flatMap((test) => test.alert_rule_test);
}

describe('An alert', () => {
  it('[O2] has a test in which it fires, and one in which it stays silent', async () => {
    const tests = await alertTests();
    const alerts = (await rules()).flatMap(({ alert }) => alert ?? []);
    expect(alerts).toHaveLength(13);
    const untested = (isTold: boolean) =>
      alerts.filter((name) => !tests.some((test) => test.alertname === name && test.exp_alerts.length > 0 === isTold));
    expect({ neverFires: untested(true), neverSilent: untested(false) }).toEqual({ neverFires: [], neverSilent: [] });
  });

  it('[O2] names a page of the runbooks that is there, and stands in their list', async () => {
    const [list = ''] = await textsOf('docs/runbooks/README.md');
    const alerts = (await rules()).filter(({ alert }) => alert);
    const lost = alerts.filter(({ annotations }) => !existsSync(join(workspaceDir, annotations?.runbook ?? '?')));
    expect(lost).toEqual([]);
    expect(alerts.filter(({ alert = '?' }) => !list.includes(alert))).toEqual([]);
  });
});

describe('The table of metrics', () => {
  it('[O2] names every metric that the code has, and none besides', async () => {
    const sources = await textsOf('libs/*/src/**/*.ts', 'services/*/src/**/*.ts');
    const declared = sources.flatMap((text) => [...text.matchAll(DECLARED)].map(([, name]) => name));
    expect(declared.length).toBeGreaterThan(20);
    expect((await documentedMetrics()).map(({ name }) => name).sort()).toEqual(declared.sort());
  });

  it('[O2] has all that alerts and dashboards ask for, with the labels that they keep', async () => {
    const documented = new Map((await documentedMetrics()).map(({ name, labels }) => [name, labels]));
    const asked = [...(await rules()).map(({ expr }) => expr), ...(await dashboardExpressions())];
    expect(asked.length).toBeGreaterThan(40);
    const faults = asked.flatMap((expression) => {
      const own = selectorsIn(expression).filter(({ metric }) => !FOREIGN.test(metric));
      const unknown = own.filter(({ metric }) => !documented.has(metric)).map(({ metric }) => metric);
      const labels = own.flatMap(({ metric }) => documented.get(metric) ?? []);
      const lost = own.length > 0 ? labelsKept(expression).filter((each) => ![...labels, ...ADDED].includes(each)) : [];
      return [...unknown, ...lost].map((what) => `${what} in ${expression}`);
    });
    expect(faults).toEqual([]);
  });

  it('[O2] is read row by row, and a row may name two', () => {
    const page =
      '| name | labels | what |\n|---|---|---|\n| `a_x`, `a_y` | kind, topic | things |\n| `a_z` | | more |\n';
    expect(namedMetrics(page)).toEqual([
      { name: 'a_x', labels: ['kind', 'topic'] },
      { name: 'a_y', labels: ['kind', 'topic'] },
      { name: 'a_z', labels: [] },
    ]);
    expect(selectorsIn('sum by (le) (rate(gateway_request_seconds_bucket{status!~"5.."}[5m])) / up')).toEqual([
      { metric: 'gateway_request_seconds', text: 'gateway_request_seconds_bucket{status!~"5.."}' },
      { metric: 'up', text: 'up' },
    ]);
  });
});
