import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Api, accepted, eventually } from '../api.js';
import { prometheusTools } from '../charts/toolset.js';
import { type Platform, startPlatform } from '../platform.js';
import { printed } from '../progress.js';
import { samplePurchase } from '../samples.js';
import { STORES } from '../seed.js';
import { startTestServers } from '../servers.js';
import { SERVICES } from '../services.js';
import { selectorsIn } from './named.js';
import { dashboardExpressions, documentedMetrics, rules } from './observed.js';
import { Scrape } from './scrape.js';

/**
 * `npm run test:metrics`: whether a real Prometheus reads what the docs name (requirement O2). It scrapes a platform that
 * serves a guest and evaluates the alerts of the chart on it. `NOT RUN` where there is neither Prometheus nor Go.
 */
const folder = await prometheusTools();
if (folder === undefined) {
  const isCi = process.env.CI === 'true';
  console.log(`metrics: NOT RUN${isCi ? '' : ' (they need prometheus and promtool on the PATH, or Go)'}`);
  process.exit(isCi ? 1 : 0);
}
const servers = await startTestServers(printed);
let platform: Platform | undefined;
let scrape: Scrape | undefined;
try {
  platform = await startPlatform({ servers, progress: printed });
  scrape = await Scrape.start(join(folder, 'prometheus'), platform);
  await serveAGuest(platform);
  await readsEverything(scrape);
} catch (error) {
  console.error((error as Error).message, scrape ? `\n${await scrape.log()}` : '');
  process.exitCode = 1;
} finally {
  await scrape?.stop();
  await platform?.stop();
  await servers.stop();
}

async function serveAGuest({ gateway, tillKeys, members, sink }: Platform): Promise<void> {
  const [till, member] = [tillKeys?.[0], members?.[0]];
  assert(till && member);
  const api = new Api(gateway.url, till.key);
  await eventually('a purchase being credited', async () => {
    const body = samplePurchase(till, STORES[0], { memberId: member.memberId }, `M-${Date.now()}`);
    const answer = accepted(await api.post('/v1/purchases', body), 'a purchase') as { outcome: string };
    return answer.outcome === 'credited' ? true : undefined;
  });
  await eventually('the guest having mail', async () => {
    const messages = (await (await fetch(`${sink.url}/messages.json`)).json()) as unknown[];
    return messages.length > 0 ? true : undefined;
  });
}

async function readsEverything(prometheus: Scrape): Promise<void> {
  const targets = await eventually('every target being up', async () => {
    const found = await prometheus.ask<{ result: object[] }>('query', { query: 'up == 1' });
    return found?.result.length === SERVICES.length ? found.result.length : undefined;
  });
  const documented = (await documentedMetrics()).map(({ name }) => name);
  // A counter that nothing has happened to has a type and no series yet.
  await eventually(`${documented.length} documented metrics`, async () => {
    const known = await prometheus.ask<Record<string, unknown>>('metadata');
    return documented.every((name) => known && (name in known || name.replace(/_total$/, '') in known)) || undefined;
  });
  const evaluated = await rulesHold(prometheus);
  const expressions = await dashboardExpressions();
  for (const query of expressions) await prometheus.ask('query', { query });
  console.log(
    `${targets} targets up, ${documented.length} documented metrics read, ${evaluated} rules evaluated, a series behind each selector, ${expressions.length} expressions of dashboards answered`,
  );
}

/** Every rule is evaluated without a fault, and what it asks for is there. */
async function rulesHold(prometheus: Scrape): Promise<number> {
  const own = await rules();
  await eventually('every rule being evaluated', async () => {
    const found = await prometheus.ask<{ groups: { rules: { health: string; lastError?: string }[] }[] }>('rules');
    const states = found?.groups.flatMap((group) => group.rules) ?? [];
    for (const { lastError } of states) assert(!lastError, lastError);
    return (states.length === own.length && states.every(({ health }) => health === 'ok')) || undefined;
  });
  // Which values a pattern finds is up to what has happened; the label has to be there.
  const anyValue = (text: string) => text.replaceAll(/(=~|!~)"[^"]*"/g, '!=""');
  const selectors = new Set(own.flatMap(({ expr }) => selectorsIn(expr).map(({ text }) => anyValue(text))));
  for (const text of selectors) {
    await eventually(`a series of ${text}`, async () => {
      const found = await prometheus.ask<{ result: object[] }>('query', { query: text });
      return (found && found.result.length > 0) || undefined;
    });
  }
  return own.length;
}
