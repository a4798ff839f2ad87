import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigurationServiceService } from '@regulars/contracts/call/v1/configuration';
import { type Brand, type Store, StoreServiceService, type Till } from '@regulars/contracts/stores/v1/stores';
import { BrandChanged, StoreChanged, TillChanged } from '@regulars/contracts/stores/v1/stores_events';
import { type RpcClient, RpcFailure, rpcClient } from '@regulars/service';
import {
  eventually,
  type PrincipalClaims,
  type RunningService,
  readTopic,
  signedPrincipal,
  startService,
  type TopicRecord,
} from '@regulars/testing';
import { hashOf } from '../src/tills/keys.js';

const administrator: PrincipalClaims = { sub: 'administrator', kind: 'person', roles: ['administrator'] };
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
/** Instead of a public key: a secret is asked for. */
const bearer = Buffer.alloc(0);
const nobody = '019a9f3e-0000-7000-8000-ffffffffffff';

describe('The chain as the stores service keeps it', () => {
  let service: RunningService;
  let client: RpcClient<typeof StoreServiceService>;
  let configuration: RpcClient<typeof ConfigurationServiceService>;
  let lamp: Brand;
  let bund: Store;

  async function as(claims: PrincipalClaims) {
    return { principal: await signedPrincipal(claims), deadline: Date.now() + 60_000, traceparent };
  }

  function storeNamed(code: string, brandId = lamp.brandId) {
    const names = { nameZh: '外滩店', nameEn: 'The Bund' };
    const day = { timeZone: 'Asia/Shanghai', dayCutoverMinutes: 240 };
    return { brandId, code, ...names, ...day, currency: 'CNY', language: 'zh-CN' };
  }

  async function addStore(code: string): Promise<Store> {
    const { store } = await client.createStore(storeNamed(code), await as(administrator));
    return store as Store;
  }

  async function addTill(storeId: string, number: string): Promise<Till> {
    const { till } = await client.createTill({ storeId, number }, await as(administrator));
    return till as Till;
  }

  async function records(topic: string, key: string): Promise<TopicRecord[]> {
    const all = await readTopic(`${service.topicPrefix}regulars.stores.${topic}.v1`);
    return all.filter((record) => record.key === key);
  }

  async function latestTill(tillId: string, version: number): Promise<TillChanged> {
    return eventually(async () => {
      const last = TillChanged.fromJSON(JSON.parse((await records('till', tillId)).at(-1)?.value ?? '{}'));
      expect(last.version).toBe(version);
      return last;
    });
  }

  async function refusalOf(call: Promise<unknown>): Promise<{ code: string | undefined; pointers: string[] }> {
    const failure = await call.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(failure instanceof RpcFailure)) throw new Error('it was not refused', { cause: failure });
    return {
      code: failure.problem?.code,
      pointers: (failure.problem?.faults ?? []).map((fault) => fault.pointer),
    };
  }

  beforeAll(async () => {
    service = await startService('stores');
    client = rpcClient(StoreServiceService, service.grpcAddress);
    configuration = rpcClient(ConfigurationServiceService, service.grpcAddress);
    const names = { nameZh: '灯笼面馆', nameEn: 'Lantern Noodles' };
    lamp = (await client.createBrand({ code: 'LAMP', ...names }, await as(administrator))).brand as Brand;
    bund = await addStore('SH-BUND');
  });

  afterAll(async () => {
    client.close();
    configuration.close();
    await service.stop();
  });

  it('[O4] adds a brand and tells everyone the whole of it as version 1', async () => {
    expect(lamp).toMatchObject({ code: 'LAMP', nameZh: '灯笼面馆', nameEn: 'Lantern Noodles' });
    const [record] = await eventually(async () => {
      const found = await records('brand', lamp.brandId);
      expect(found).toHaveLength(1);
      return found;
    });
    expect(BrandChanged.fromJSON(JSON.parse(record?.value ?? ''))).toEqual({ brand: lamp, version: 1 });
    expect(record?.headers).toMatchObject({
      ce_type: 'regulars.stores.v1.BrandChanged',
      ce_source: '/regulars/stores',
      ce_subject: 'LAMP',
    });
    expect(record?.headers.traceparent?.slice(3, 35)).toBe(traceparent.slice(3, 35));
  });

  it('[O4] says that a brand code is taken when it is added again, with the same body or another', async () => {
    const again = client.createBrand(
      { code: 'LAMP', nameZh: '灯笼面馆', nameEn: 'Lantern Noodles' },
      await as(administrator),
    );
    expect(await refusalOf(again)).toMatchObject({ code: 'BRAND_CODE_TAKEN' });
    const other = client.createBrand({ code: 'LAMP', nameZh: '别的', nameEn: 'Other' }, await as(administrator));
    expect(await refusalOf(other)).toMatchObject({ code: 'BRAND_CODE_TAKEN' });
  });

  it('[O4] adds a store with its zone and day cut-over, reads it back, and tells everyone', async () => {
    expect(bund).toMatchObject(storeNamed('SH-BUND'));
    expect(await client.getStore({ storeId: bund.storeId }, await as(administrator))).toEqual({ store: bund });
    const told = await eventually(async () => {
      const [record] = await records('store', bund.storeId);
      return StoreChanged.fromJSON(JSON.parse(record?.value ?? ''));
    });
    expect(told).toEqual({ store: bund, version: 1 });
  });

  it('[O4] tells every fault of a store at once, with its pointer, and writes nothing', async () => {
    const faulty = { ...storeNamed('sh bund', 'LAMP'), timeZone: '+08:00', dayCutoverMinutes: 721, currency: 'RMB' };
    const { code, pointers } = await refusalOf(client.createStore(faulty, await as(administrator)));
    expect(code).toBe('MALFORMED');
    expect(pointers).toEqual(['/brandId', '/code', '/timeZone', '/dayCutoverMinutes', '/currency']);
  });

  it('[O4] refuses a store of an unknown brand, and a store code that is taken', async () => {
    const orphan = client.createStore(storeNamed('ORPHAN', nobody), await as(administrator));
    expect(await refusalOf(orphan)).toMatchObject({ code: 'BRAND_UNKNOWN' });
    const again = client.createStore(storeNamed('SH-BUND'), await as(administrator));
    expect(await refusalOf(again)).toMatchObject({ code: 'STORE_CODE_TAKEN' });
  });

  it('[O4] adds one store when the same is added by ten at once', async () => {
    const caller = await as(administrator);
    const calls = Array.from({ length: 10 }, () => client.createStore(storeNamed('SH-RACE'), caller));
    const results = await Promise.allSettled(calls);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ problem: { code: 'STORE_CODE_TAKEN' } });
    }
  });

  it('[O4] shows a principal the stores in scope and no other', async () => {
    const far = await addStore('UR-FAR');
    const manager: PrincipalClaims = { sub: 'm', kind: 'person', roles: ['store-manager'], stores: [bund.storeId] };
    const seen = await client.listStores({ page: undefined }, await as(manager));
    expect(seen.stores.map((store) => store.code)).toEqual(['SH-BUND']);
    expect(await client.getStore({ storeId: bund.storeId }, await as(manager))).toEqual({ store: bund });

    const hidden = [
      client.getStore({ storeId: far.storeId }, await as(manager)),
      client.listTills({ storeId: far.storeId }, await as(manager)),
      client.createTill({ storeId: far.storeId, number: '1' }, await as(manager)),
      client.getStore({ storeId: nobody }, await as(administrator)),
      client.getStore({ storeId: 'SH-BUND' }, await as(administrator)),
    ];
    for (const call of hidden) expect(await refusalOf(call)).toMatchObject({ code: 'STORE_UNKNOWN' });
    const till = await addTill(far.storeId, '1');
    const key = client.issueTillKey({ tillId: till.tillId, publicKey: bearer }, await as(manager));
    expect(await refusalOf(key)).toMatchObject({ code: 'TILL_UNKNOWN' });
  });

  it('[O4] lists stores by code, page by page, each once', async () => {
    for (const code of ['P-4', 'P-1', 'P-3', 'P-2']) await addStore(code);
    const codes: string[] = [];
    let cursor = '';
    do {
      const page = await client.listStores({ page: { limit: 2, cursor } }, await as(administrator));
      expect(page.stores.length).toBeLessThanOrEqual(2);
      codes.push(...page.stores.map((store) => store.code));
      cursor = page.nextCursor;
    } while (cursor !== '');
    expect(codes.filter((code) => code.startsWith('P-'))).toEqual(['P-1', 'P-2', 'P-3', 'P-4']);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it('[O4] refuses a cursor that it never gave', async () => {
    const call = client.listStores({ page: { limit: 2, cursor: 'x' } }, await as(administrator));
    expect(await refusalOf(call)).toEqual({ code: 'MALFORMED', pointers: ['/page/cursor'] });
  });

  it('[O4] adds a till with a number of its own in its store', async () => {
    const till = await addTill(bund.storeId, '1');
    expect(till).toMatchObject({ storeId: bund.storeId, number: '1', keys: [] });
    expect(await latestTill(till.tillId, 1)).toMatchObject({ tillId: till.tillId, number: '1', liveKeys: [] });
    const again = client.createTill({ storeId: bund.storeId, number: '1' }, await as(administrator));
    expect(await refusalOf(again)).toMatchObject({ code: 'TILL_NUMBER_TAKEN' });
    const nowhere = client.createTill({ storeId: nobody, number: '1' }, await as(administrator));
    expect(await refusalOf(nowhere)).toMatchObject({ code: 'STORE_UNKNOWN' });
  });

  it('[O4] tells the secret of a till key once, publishes its hash, and stores no secret', async () => {
    const { tillId } = await addTill(bund.storeId, 'once');
    const issued = await client.issueTillKey({ tillId, publicKey: bearer }, await as(administrator));
    expect(issued.secret).toMatch(new RegExp(`^rtk_${tillId.replaceAll('-', '')}_[A-Za-z0-9_-]{43}$`));

    const told = await latestTill(tillId, 2);
    expect(told.liveKeys).toEqual([
      {
        keyId: issued.key?.keyId,
        sha256: hashOf(issued.secret),
        createdAt: issued.key?.createdAt,
        publicKey: Buffer.alloc(0),
      },
    ]);
    const listed = await client.listTills({ storeId: bund.storeId }, await as(administrator));
    expect(listed.tills.find((till) => till.tillId === tillId)?.keys).toEqual([issued.key]);
    expect(JSON.stringify([told, listed, service.logs()])).not.toContain(issued.secret.slice(-43));
  });

  it('[O4] takes the public key with which a till signs, once, makes no secret, and publishes it', async () => {
    const { tillId } = await addTill(bund.storeId, 'signs');
    const caller = { ...(await as(administrator)), idempotencyKey: 'public-key' };
    const publicKey = randomBytes(32);
    const taken = await client.issueTillKey({ tillId, publicKey }, caller);
    expect(taken).toMatchObject({ secret: '', key: { publicKey } });
    expect(await client.issueTillKey({ tillId, publicKey }, caller)).toEqual({ ...taken, replayed: true });
    expect((await latestTill(tillId, 2)).liveKeys).toMatchObject([{ keyId: taken.key?.keyId, publicKey }]);
    const again = client.issueTillKey({ tillId, publicKey }, await as(administrator));
    expect(await refusalOf(again)).toMatchObject({ code: 'PUBLIC_KEY_TAKEN' });
    const short = client.issueTillKey({ tillId, publicKey: randomBytes(31) }, await as(administrator));
    expect(await refusalOf(short)).toEqual({ code: 'MALFORMED', pointers: ['/publicKey'] });
  });

  it('[O4] takes only signed requests from a till that has a key for it, and changes no till unseen', async () => {
    const { tillId } = await addTill(bund.storeId, 'must-sign');
    const caller = await as(administrator);
    const set = (expectedVersion: number, number = 'must-sign') =>
      client.setTill({ tillId, number, mustSign: true, expectedVersion }, caller);
    expect(await refusalOf(set(1))).toMatchObject({ code: 'NO_PUBLIC_KEY' });
    await client.issueTillKey({ tillId, publicKey: randomBytes(32) }, caller);
    expect(await refusalOf(set(1))).toMatchObject({ code: 'VERSION_CHANGED' });
    expect(await refusalOf(set(2, 'signs'))).toMatchObject({ code: 'TILL_NUMBER_TAKEN' });
    const { till } = await set(2);
    expect(till).toMatchObject({ mustSign: true, version: 3, keys: [{ revokedAt: undefined }] });
    expect(await client.getTill({ tillId }, caller)).toEqual({ till });
    expect(await latestTill(tillId, 3)).toMatchObject({ mustSign: true });
  });

  it('[O4] changes a store for whoever read its last version, and nobody else', async () => {
    const before = await addStore('SH-CHANGES');
    const { nameEn, timeZone, dayCutoverMinutes, language, storeId } = before;
    const terms = { storeId, nameZh: '外滩新店', nameEn, timeZone, dayCutoverMinutes, language };
    const caller = { ...(await as(administrator)), idempotencyKey: 'change-store' };
    const changed = await client.setStore({ ...terms, expectedVersion: 1 }, caller);
    expect(changed).toEqual({ store: { ...before, nameZh: '外滩新店', version: 2 }, replayed: false });
    expect(await client.setStore({ ...terms, expectedVersion: 1 }, caller)).toEqual({ ...changed, replayed: true });
    const late = client.setStore({ ...terms, nameZh: '旧', expectedVersion: 1 }, await as(administrator));
    expect(await refusalOf(late)).toMatchObject({ code: 'VERSION_CHANGED' });
    const manager = await as({ sub: 'far', kind: 'person', roles: ['store-manager'], stores: [bund.storeId] });
    expect(await refusalOf(client.setStore({ ...terms, expectedVersion: 2 }, manager))).toMatchObject({
      code: 'STORE_UNKNOWN',
    });
  });

  it('[O4] tells what a change would lead to, and changes nothing', async () => {
    const caller = { ...(await as(administrator)), dryRun: true, idempotencyKey: 'dry' };
    const { store } = await client.createStore(storeNamed('SH-DRY'), caller);
    expect(store).toMatchObject({ code: 'SH-DRY', version: 1 });
    const unknown = client.getStore({ storeId: store?.storeId ?? '' }, await as(administrator));
    expect(await refusalOf(unknown)).toMatchObject({ code: 'STORE_UNKNOWN' });
    expect(await refusalOf(client.createStore(storeNamed('SH-BUND'), caller))).toMatchObject({
      code: 'STORE_CODE_TAKEN',
    });
    const { changes } = await configuration.listChanges(
      {
        recordId: store?.storeId ?? '',
        principal: '',
        change: '',
        from: undefined,
        until: undefined,
        beforeEntry: 0,
        limit: 1,
      },
      await as({ sub: 'li', kind: 'person', roles: ['auditor'] }),
    );
    expect(changes).toEqual([]);
    const anchors = () =>
      service
        .logs()
        .flatMap((line) => (line.includes('"configuration changed"') ? /"entry":"?\d+/.exec(line) : null) ?? []);
    const before = anchors();
    const { storeId } = await addStore('SH-DRY');
    expect(storeId).not.toBe(store?.storeId);
    // A dry run that left a line would have left the same entry before: what is anchored twice is not to be trusted.
    await eventually(() => anchors().length > before.length);
    expect(new Set(anchors()).size).toBe(anchors().length);
    const use = client.reportKeyUses({ uses: [] }, caller);
    expect(await refusalOf(use)).toEqual({ code: 'MALFORMED', pointers: ['/query/dryRun'] });
  });

  it('[O4] lets two keys of a till live, refuses a third, and lets one follow that is revoked', async () => {
    const { tillId } = await addTill(bund.storeId, 'rotated');
    const caller = await as(administrator);
    const first = await client.issueTillKey({ tillId, publicKey: bearer }, caller);
    const second = await client.issueTillKey({ tillId, publicKey: bearer }, caller);
    expect(await refusalOf(client.issueTillKey({ tillId, publicKey: bearer }, caller))).toMatchObject({
      code: 'TOO_MANY_LIVE_KEYS',
    });
    await client.revokeTillKey({ tillId, keyId: first.key?.keyId ?? '' }, caller);
    const third = await client.issueTillKey({ tillId, publicKey: bearer }, caller);

    const told = await latestTill(tillId, 5);
    expect(told.liveKeys.map((key) => key.keyId)).toEqual([second.key?.keyId, third.key?.keyId]);
    const { tills } = await client.listTills({ storeId: bund.storeId }, caller);
    const keys = tills.find((till) => till.tillId === tillId)?.keys ?? [];
    expect(keys.map((key) => [key.keyId, key.revokedAt !== undefined])).toEqual([
      [third.key?.keyId, false],
      [second.key?.keyId, false],
      [first.key?.keyId, true],
    ]);
  });

  it('[O4] never has three live keys of a till, however many are asked for at once', async () => {
    const { tillId } = await addTill(bund.storeId, 'raced');
    const caller = await as(administrator);
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => client.issueTillKey({ tillId, publicKey: bearer }, caller)),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(2);
    expect((await latestTill(tillId, 3)).liveKeys).toHaveLength(2);
    const told = await records('till', tillId);
    const versions = told.map((record) => TillChanged.fromJSON(JSON.parse(record.value ?? '')).version);
    expect(versions).toEqual([1, 2, 3]);
  });

  it('[O4] revokes a key at once, answers the same when asked again, and tells it once', async () => {
    const { tillId } = await addTill(bund.storeId, 'revoked');
    const caller = await as(administrator);
    const { key } = await client.issueTillKey({ tillId, publicKey: bearer }, caller);
    const request = { tillId, keyId: key?.keyId ?? '' };
    const revoked = await client.revokeTillKey(request, caller);
    expect(revoked.key?.revokedAt).toBeInstanceOf(Date);
    expect(await client.revokeTillKey(request, caller)).toEqual(revoked);
    expect((await latestTill(tillId, 3)).liveKeys).toEqual([]);
  });

  it('[O4] refuses to revoke a key that is not of this till', async () => {
    const { tillId } = await addTill(bund.storeId, 'other');
    const caller = await as(administrator);
    const unknown = client.revokeTillKey({ tillId, keyId: nobody }, caller);
    expect(await refusalOf(unknown)).toMatchObject({ code: 'KEY_UNKNOWN' });
    const noTill = client.revokeTillKey({ tillId: nobody, keyId: nobody }, caller);
    expect(await refusalOf(noTill)).toMatchObject({ code: 'TILL_UNKNOWN' });
  });

  it('[O4] adds once what is asked for ten times at once under one key, and answers the first answer to all', async () => {
    const caller = { ...(await as(administrator)), idempotencyKey: 'store-once' };
    const calls = Array.from({ length: 10 }, () => client.createStore(storeNamed('SH-ONCE'), caller));
    const answers = await Promise.all(calls);
    expect(new Set(answers.map(({ store }) => store?.storeId)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    const other = client.createStore(storeNamed('SH-OTHER'), caller);
    expect(await refusalOf(other)).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('[O4] makes one key for a repeated request, and tells its secret only the first time', async () => {
    const { tillId } = await addTill(bund.storeId, 'repeated');
    const caller = { ...(await as(administrator)), idempotencyKey: 'key-once' };
    const first = await client.issueTillKey({ tillId, publicKey: bearer }, caller);
    const again = await client.issueTillKey({ tillId, publicKey: bearer }, caller);
    expect(again).toEqual({ key: first.key, secret: '', replayed: true });
    expect((await latestTill(tillId, 2)).liveKeys).toHaveLength(1);
  });

  it('[O4] tells auditors who changed what, and that the log of it is whole', async () => {
    const { tillId } = await addTill(bund.storeId, 'audited');
    const { key } = await client.issueTillKey(
      { tillId, publicKey: bearer },
      await as({ ...administrator, sub: 'wang' }),
    );
    await client.revokeTillKey({ tillId, keyId: key?.keyId ?? '' }, await as(administrator));
    const auditor = await as({ sub: 'li', kind: 'person', roles: ['auditor'] });
    const wanted = { recordId: tillId, principal: '', change: '', from: undefined, until: undefined };
    const { changes } = await configuration.listChanges({ ...wanted, beforeEntry: 0, limit: 10 }, auditor);
    expect(changes.map(({ principal, change }) => `${principal}: ${change}`)).toEqual([
      'administrator: till-key-revoked',
      'wang: till-key-issued',
      'administrator: till-created',
    ]);
    expect(await configuration.verifyChanges({}, auditor)).toMatchObject({ brokenEntry: 0 });
    const manager = await as({ sub: 'zhao', kind: 'person', roles: ['store-manager'] });
    expect(await refusalOf(configuration.verifyChanges({}, manager))).toMatchObject({ code: 'NOT_ALLOWED' });
  });

  it('[O4] tells when a key was last used, as the gateways saw it, never going back', async () => {
    const { tillId } = await addTill(bund.storeId, 'used');
    const caller = await as(administrator);
    const keyId = (await client.issueTillKey({ tillId, publicKey: bearer }, caller)).key?.keyId ?? '';
    const gateway = await as({ sub: 'gateway', kind: 'service', roles: [] });
    for (const usedAt of ['2026-11-21T12:10:00Z', '2026-11-21T12:00:00Z', '2026-11-21T12:10:30Z']) {
      await client.reportKeyUses({ uses: [{ keyId, usedAt: new Date(usedAt) }] }, gateway);
    }
    const { tills } = await client.listTills({ storeId: bund.storeId }, caller);
    const [key] = tills.find((till) => till.tillId === tillId)?.keys ?? [];
    expect(key?.lastUsedAt).toEqual(new Date('2026-11-21T12:10:00Z'));
    const person = client.reportKeyUses({ uses: [] }, caller);
    expect(await refusalOf(person)).toMatchObject({ code: 'NOT_ALLOWED' });
  });

  it('[O4] lets nobody in without a principal that the gateway signed', async () => {
    const forged = await signedPrincipal(administrator, 'surveys');
    for (const principal of [undefined, 'x', forged]) {
      const call = client.getStore(
        { storeId: bund.storeId },
        { deadline: Date.now() + 60_000, ...(principal && { principal }) },
      );
      expect(await refusalOf(call)).toMatchObject({ code: 'PRINCIPAL_NOT_VERIFIED' });
    }
  });
});
