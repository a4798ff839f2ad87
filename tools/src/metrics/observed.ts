import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { workspaceDir } from '../folders.js';
import { type NamedMetric, namedMetrics } from './named.js';

/** An alert, or a series that is recorded for alerts. */
export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly annotations?: { readonly runbook: string };
}

const chart = join(workspaceDir, 'deploy', 'charts', 'regulars', 'files');

/** Alerts and recorded series, as the chart installs them. */
export const alertsFile = join(chart, 'alerts.yaml');

export async function rules(): Promise<Rule[]> {
  const { groups } = parse(await readFile(alertsFile, 'utf8')) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
}

/** Every expression of every dashboard. */
export async function dashboardExpressions(): Promise<string[]> {
  const found: string[] = [];
  for await (const file of glob(join(chart, 'dashboards', '*.json'))) {
    const text = await readFile(file, 'utf8');
    found.push(
      ...[...text.matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(([, expr = '""']) => JSON.parse(expr) as string),
    );
  }
  return found;
}

/** The one table of metrics in the docs. */
export async function documentedMetrics(): Promise<NamedMetric[]> {
  return namedMetrics(await readFile(join(workspaceDir, 'docs', 'operations.md'), 'utf8'));
}
