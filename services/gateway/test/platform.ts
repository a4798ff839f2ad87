import { randomInt, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RegularsClient, regularsClient } from '@regulars/client';
import { eventually } from '@regulars/testing';
import {
  type Platform,
  type PlatformOptions,
  type Role,
  registration,
  STORES,
  samplePurchase,
  startPlatform,
} from '@regulars/tools';
import pg from 'pg';
import request, { type Test } from 'supertest';

/** The whole platform, seeded, as separate processes on the test servers, with an address that takes its spans. */
export interface Journey {
  readonly platform: Platform;
  readonly spans: SpanSink;
  /** A request of a person in a role, or with any other bearer. */
  readonly as: (who: Role | { readonly key: string }) => Caller;
  /** The same by the client that integrators are given, typed by the document. */
  readonly client: (who: Role | { readonly key: string }) => RegularsClient;
  /** Rows of every table of a schema that calls write, by name. */
  readonly rowsIn: (schema: string) => Promise<Record<string, number>>;
  /** The same, once jobs and consumers have done what was left to do. */
  readonly rowsAtRest: (schema: string) => Promise<Record<string, number>>;
  readonly isKnownToLoyalty: (memberId: string) => Promise<boolean>;
  stop(): Promise<void>;
}

export interface Caller {
  readonly get: (path: string) => Test;
  readonly post: (path: string, body: object, key?: string) => Test;
  /** Posts lines to the door of batches and answers the lines that come back. */
  readonly postLines: (lines: readonly string[]) => Promise<readonly unknown[]>;
  readonly delete: (path: string) => Test;
}

export async function startJourney({
  replicas = {},
  isEverythingTraced = false,
}: Pick<PlatformOptions, 'replicas'> & { readonly isEverythingTraced?: boolean } = {}): Promise<Journey> {
  const spans = await startSpanSink();
  const sampled = isEverythingTraced ? '1' : '0';
  const platform = await startPlatform({
    replicas,
    servers: {
      adminUrl: process.env.REGULARS_TEST_DATABASE_URL ?? '',
      brokers: process.env.REGULARS_TEST_KAFKA_BROKERS ?? '',
    },
    env: (given) => ({ ...given, OTEL_EXPORTER_OTLP_ENDPOINT: spans.url, OTEL_TRACES_SAMPLER_ARG: sampled }),
  });
  const database = new pg.Pool({ connectionString: platform.database.adminUrl, max: 1 });
  return {
    platform,
    spans,
    as: (who) => callerOf(platform, bearerOf(platform, who)),
    client: (who) => regularsClient(platform.gateway.url, bearerOf(platform, who)),
    rowsIn: (schema) => countRows(database, schema),
    rowsAtRest: (schema) => atRest(() => countRows(database, schema)),
    isKnownToLoyalty: async (memberId) => {
      const found = await database.query('SELECT 1 FROM loyalty.member WHERE member_id = $1', [memberId]);
      return found.rows.length > 0;
    },
    stop: async () => {
      await database.end();
      await platform.stop();
      await spans.stop();
    },
  };
}

/** What was read twice with a while between. */
async function atRest(read: () => Promise<Record<string, number>>): Promise<Record<string, number>> {
  let before = '';
  return eventually(async () => {
    const rows = await read();
    const isStill = JSON.stringify(rows) === before;
    before = JSON.stringify(rows);
    if (!isStill) await sleep(1_500);
    return isStill && rows;
  });
}

function bearerOf({ tokens }: Platform, who: Role | { readonly key: string }): string {
  return typeof who === 'string' ? tokens[who] : who.key;
}

/** As every caller should, where a busy machine could not answer just now. */
const COMES_AGAIN = 5;

function isToComeAgain(
  _error: unknown,
  answer: { readonly status: number; readonly body: unknown } | undefined,
): boolean {
  return answer?.status === 503 && (answer.body as { code?: unknown }).code === 'OUTCOME_UNKNOWN';
}

function callerOf({ gateway: { url } }: Platform, bearer: string): Caller {
  const signed = (test: Test) => test.set('authorization', `Bearer ${bearer}`).retry(COMES_AGAIN, isToComeAgain);
  return {
    get: (path) => signed(request(url).get(path)),
    post: (path, body, key = randomUUID()) => signed(request(url).post(path)).set('idempotency-key', key).send(body),
    postLines: async (lines) => {
      const posting = signed(request(url).post('/v1/purchases:batch')).set('content-type', 'application/x-ndjson');
      const { text } = await posting.buffer(true).send(lines.join('\n'));
      return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown]));
    },
    delete: (path) => signed(request(url).delete(path)),
  };
}

/** Refusals that owners keep under their keys, reports that are due by the time of day, and what a job finds alike. */
const NOT_OF_CALLS = ['idempotency', 'store_day', 'member_match'];

async function countRows(database: pg.Pool, schema: string): Promise<Record<string, number>> {
  const tables = await database.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> ALL ($2)`,
    [schema, NOT_OF_CALLS],
  );
  const counts = tables.rows.map(
    ({ name }) => `SELECT '${name}' AS name, count(*)::int AS rows FROM "${schema}"."${name}"`,
  );
  const counted = await database.query<{ name: string; rows: number }>(counts.join(' UNION ALL '));
  return Object.fromEntries(counted.rows.map(({ name, rows }) => [name, rows]));
}

/** A guest who registered at the desk of a store; loyalty may not have heard of her yet. */
export async function registerGuest({ as }: Journey, storeId: string) {
  const mobile = `+86139${String(randomInt(100_000_000)).padStart(8, '0')}`;
  const person = { name: '周晓雨', mobile, email: `guest-${mobile.slice(1)}@guests.example`, language: 'zh-CN' };
  const answer = await as('administrator').post('/v1/members', registration(person, storeId)).expect(201);
  const { memberId, number, codeToken } = answer.body as { memberId: string; number: string; codeToken: string };
  return { ...person, memberId, number, codeToken };
}

/** The same, once loyalty has heard of her, which shows in its own table only. */
export async function registerKnownGuest(journey: Journey, storeId: string) {
  const guest = await registerGuest(journey, storeId);
  await eventually(() => journey.isKnownToLoyalty(guest.memberId));
  return guest;
}

/** The bearer of a guest who signs in by the one-time code that was sent to her e-mail address (requirement M12). */
export async function signIn({ platform: { gateway, sink } }: Journey, email: string): Promise<string> {
  const post = (path: string, body: object) =>
    request(gateway.url).post(`/v1/self-service/${path}`).set('idempotency-key', randomUUID()).send(body);
  const { challengeId } = (await post('codes', { email }).expect(202)).body as { challengeId: string };
  const code = await eventually(async () => {
    const found = await fetch(`${sink.url}/messages.json?to=${encodeURIComponent(email)}`);
    const texts = ((await found.json()) as { text: string }[]).map(({ text }) => /\b\d{6}\b/.exec(text)?.[0]);
    return texts.find((text) => text !== undefined) ?? false;
  });
  const session = await post('sessions', { challengeId, code }).expect(201);
  return (session.body as { token: string }).token;
}

/** A purchase of 128 yuan at the first till of the seed, with a receipt number of its own. */
export function purchaseAt<Member extends object>(
  { platform }: Journey,
  member: Member,
  receiptNumber = `J-${randomUUID().slice(0, 8)}`,
) {
  const [till] = platform.tillKeys ?? [];
  if (!till) throw new Error('the platform is not seeded');
  return { till, body: samplePurchase(till, STORES[0], member, receiptNumber) };
}

/** A span as OTLP/JSON tells it. */
export interface Span {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

/** Takes spans over OTLP/HTTP. */
export interface SpanSink {
  readonly url: string;
  of(traceId: string): Span[];
  /** All that was sent, as it came. */
  bodies(): readonly string[];
  stop(): Promise<void>;
}

interface ExportedSpans {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] };
    scopeSpans: { spans: Omit<Span, 'service'>[] }[];
  }[];
}

async function startSpanSink(): Promise<SpanSink> {
  const spans: Span[] = [];
  const bodies: string[] = [];
  const server = createServer((incoming, response) => {
    void text(incoming).then((body) => {
      bodies.push(body);
      for (const { resource, scopeSpans } of (JSON.parse(body) as ExportedSpans).resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
        spans.push(...scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ ...span, service }))));
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    of: (traceId) => spans.filter((span) => span.traceId === traceId),
    bodies: () => bodies,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
