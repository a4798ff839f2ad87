import { createHash, generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { jsonLogger } from '@regulars/service';
import { eventually, principalKeys, privateKeyOf, publish, type TestTopics, testTopics } from '@regulars/testing';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Chain } from '../src/access/chain.service.js';
import { createServer } from '../src/edge/server.config.js';
import { type GatewaySettings, gatewaySettings } from '../src/gateway.config.js';
import { GatewayModule } from '../src/gateway.module.js';
import { startOwners, type TestOwners } from './owners.js';

/** A till that stores announced, with the key it was given. */
export interface TestTill {
  readonly storeId: string;
  readonly tillId: string;
  readonly key: string;
}

/** The real gateway in this process, with owners of the test's own behind it, a real Kafka and an issuer of tokens. */
export interface Edge {
  readonly app: NestFastifyApplication;
  readonly owners: TestOwners;
  readonly issuer: TestIssuer;
  readonly topics: TestTopics;
  stop(): Promise<void>;
}

export async function startEdge(env: Readonly<Record<string, string>> = {}): Promise<Edge> {
  const [owners, issuer, topics] = [await startOwners(), await startIssuer(), testTopics()];
  const settings = edgeSettings(topics, owners.address, issuer.url, env);
  const log = jsonLogger('gateway', 'fatal');
  const app = await createServer(GatewayModule.with(settings, log), log, settings.TRUSTED_PROXIES);
  await app.listen(0, '127.0.0.1');
  return {
    app,
    owners,
    issuer,
    topics,
    stop: async () => {
      await app.close();
      await Promise.all([owners.stop(), issuer.stop(), topics.drop()]);
    },
  };
}

/** The settings of a gateway in a test, with limits that nobody meets. */
export function edgeSettings(
  topics: TestTopics,
  address: string,
  issuer: string,
  env: Readonly<Record<string, string>> = {},
): GatewaySettings {
  const addresses = ['STORES', 'MEMBERS', 'LOYALTY', 'COMPLAINTS', 'SURVEYS', 'NOTIFICATIONS'];
  return gatewaySettings.parse({
    HOST: '127.0.0.1',
    HTTP_PORT: '0',
    OPS_PORT: '0',
    KAFKA_BROKERS: topics.brokers.join(','),
    TOPIC_PREFIX: topics.prefix,
    PRINCIPAL_KEYS: principalKeys,
    PRINCIPAL_PRIVATE_KEY: privateKeyOf('gateway'),
    OIDC_ISSUER: issuer,
    LIMIT_TILL_PER_S: '100000',
    LIMIT_PERSON_PER_S: '100000',
    ...Object.fromEntries(addresses.map((name) => [`${name}_ADDR`, address])),
    ...env,
  });
}

/** Announces a store with a till as stores does, and waits until the gateway has heard. */
export async function announceTill(edge: Edge, keys = 1): Promise<TestTill & { readonly keys: readonly string[] }> {
  const [storeId, tillId] = [randomUUID(), randomUUID()];
  const secrets = Array.from({ length: keys }, () => keyOf(tillId));
  await announceStore(edge.topics, storeId);
  await announceKeys(edge.topics, { storeId, tillId }, secrets, 1);
  const [key = ''] = secrets;
  const chain = edge.app.get(Chain);
  await eventually(() => chain.hasStore(storeId) && (key === '' || chain.tillOf(key, 0) !== undefined));
  return { storeId, tillId, key, keys: secrets };
}

export function announceStore(topics: TestTopics, storeId: string): Promise<void> {
  const store = { storeId, brandId: randomUUID(), code: 'SH-BUND', timeZone: 'Asia/Shanghai', currency: 'CNY' };
  return publish(`${topics.prefix}regulars.stores.store.v1`, [
    {
      type: 'regulars.stores.v1.StoreChanged',
      key: storeId,
      payload: { store, version: 1 },
      headers: versionHeader(1),
    },
  ]);
}

export function announceKeys(
  topics: TestTopics,
  { storeId, tillId }: Pick<TestTill, 'storeId' | 'tillId'>,
  secrets: readonly string[],
  version: number,
  signing: { readonly keys?: readonly SigningKey[]; readonly mustSign?: boolean } = {},
): Promise<void> {
  const bearers = secrets.map((secret) => ({
    keyId: randomUUID(),
    sha256: createHash('sha256').update(secret).digest('base64'),
    createdAt: new Date().toISOString(),
  }));
  const publics = (signing.keys ?? []).map(({ keyId, publicKey }) => {
    const bytes = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    const sha256 = createHash('sha256').update(bytes).digest('base64');
    return { keyId, sha256, createdAt: new Date().toISOString(), publicKey: bytes.toString('base64') };
  });
  const liveKeys = [...bearers, ...publics];
  const payload = { tillId, storeId, number: '1', liveKeys, version, mustSign: signing.mustSign ?? false };
  return publish(`${topics.prefix}regulars.stores.till.v1`, [
    { type: 'regulars.stores.v1.TillChanged', key: tillId, payload, headers: versionHeader(version) },
  ]);
}

/** A key with which a till signs. */
export interface SigningKey {
  readonly keyId: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function signingKey(): SigningKey {
  return { keyId: randomUUID(), ...generateKeyPairSync('ed25519') };
}

/** Announces a till that has nothing but a key to sign with, and waits until the gateway has heard. */
export async function announceSigner(
  edge: Edge,
  mustSign = true,
): Promise<TestTill & { readonly signing: SigningKey }> {
  const till = await announceTill(edge, 1);
  const signing = signingKey();
  await announceKeys(edge.topics, till, [till.key], 2, { keys: [signing], mustSign });
  await eventually(() => edge.app.get(Chain).signerOf(signing.keyId) !== undefined);
  return { ...till, signing };
}

export function keyOf(tillId: string): string {
  return `rtk_${tillId.replaceAll('-', '')}_${randomBytes(32).toString('base64url')}`;
}

function versionHeader(version: number): Record<string, string> {
  return { ce_version: `000001.${String(version).padStart(19, '0')}` };
}

/** An issuer of access tokens with a discovery document and a key set, as OpenID Connect has them. */
export interface TestIssuer {
  readonly url: string;
  token(claims: Readonly<Record<string, unknown>>, header?: { expiresIn?: string }): Promise<string>;
  stop(): Promise<void>;
}

async function startIssuer(): Promise<TestIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'test', alg: 'ES256', use: 'sig' }] };
  const server = createHttpServer((request, response) => {
    const body = request.url === '/jwks' ? jwks : { issuer: url, jwks_uri: `${url}/jwks` };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    token: (claims, { expiresIn = '10m' } = {}) =>
      new SignJWT({ iss: url, aud: 'regulars', ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'test', typ: 'at+jwt' })
        .setIssuedAt()
        .setExpirationTime(expiresIn)
        .sign(privateKey),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A purchase as a till posts it: 128 yuan in two lines. */
export function purchaseBody(over: Readonly<Record<string, unknown>> = {}) {
  return {
    businessDate: '2026-11-02',
    receiptNumber: 'S-0042',
    rungAt: '2026-11-02T19:45:00+08:00',
    member: { number: '8600001234' },
    currency: 'CNY',
    totalMinor: 12_800,
    lines: [
      { sku: 'NOODLE-BEEF', name: '招牌牛肉面', category: 'noodles', quantityMilli: 2_000, amountMinor: 11_600 },
      { sku: 'TEA-JASMINE', name: '茉莉花茶', category: 'drinks', quantityMilli: 1_000, amountMinor: 1_200 },
    ],
    payments: [{ type: 'wechat-pay', amountMinor: 12_800 }],
    channel: 'dine-in',
    partySize: 2,
    ...over,
  };
}

/** The problem document of an answer. */
export function problemIn({ body }: { readonly body: unknown }) {
  return body as { code: string; errors: readonly { pointer: string; message: string }[] };
}

/** Where the faults of an answer are. */
export function pointersIn(answer: { readonly body: unknown }): string[] {
  return problemIn(answer).errors.map(({ pointer }) => pointer);
}
