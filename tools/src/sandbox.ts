import { Temporal } from 'temporal-polyfill';
import { type Answer, Api, accepted } from './api.js';
import { registration, TERMS } from './seed.js';

/** What a till maker gets: a key, and guests to ring up. */
export interface Sandbox {
  readonly storeId: string;
  readonly tillId: string;
  /** The till's key, told this once; empty for a till that signs. */
  readonly key: string;
  readonly keyId: string;
  readonly members: readonly { readonly memberId: string; readonly number: string; readonly codeToken: string }[];
}

const CODE = 'SANDBOX';
const names = { nameZh: '沙箱', nameEn: 'Sandbox' };
const guests = ['一', '二', '三'].map((name, at) => ({
  name: `沙箱会员${name}`,
  mobile: `+861380000000${at + 1}`,
  email: `sandbox-${at + 1}@guests.example`,
  language: 'zh-CN',
}));

/** A moment's patience: those who own a part hear of a new store, till or member a little later. */
const PAUSE_MS = 200;

/**
 * Gives a till maker a till of the sandbox (requirement O6): a store of a brand of its own, with a programme of its own, so
 * that what is rung up there is in nobody's points, reports and liability. Safe to repeat: what is there is used again.
 *
 * @param till the number of the till, such as the maker's name; each run gives it a new key, and it has two at most
 * @param publicKey `x` of the Ed25519 public key with which the till signs; without it a bearer key is made
 */
export async function sandboxFor(
  url: string,
  administrator: string,
  till: string,
  publicKey?: string,
): Promise<Sandbox> {
  const api = new Api(url, administrator);
  const storeId = (await sandboxStore(api)) ?? (await makeSandboxStore(api));
  const tillId = await tillOf(api, storeId, till);
  const made = await api.post(
    `/v1/tills/${tillId}/keys`,
    publicKey === undefined ? {} : { publicKey: { kty: 'OKP', crv: 'Ed25519', x: publicKey } },
  );
  if (made.status === 409 && (made.body as { code: string }).code === 'TOO_MANY_LIVE_KEYS')
    throw new Error(`The till ${till} has two live keys: revoke one, or take another name`);
  const { secret = '', keyId } = accepted(made, 'a key') as { secret?: string; keyId: string };
  const members = [];
  for (const guest of guests) members.push(await memberFor(api, guest, storeId));
  return { storeId, tillId, key: secret, keyId, members };
}

async function sandboxStore(api: Api): Promise<string | undefined> {
  let cursor = '';
  do {
    const page = accepted(await api.get(`/v1/stores?limit=200${cursor}`), 'listing stores') as {
      stores: { storeId: string; code: string }[];
      nextCursor?: string;
    };
    const found = page.stores.find(({ code }) => code === CODE);
    if (found) return found.storeId;
    cursor = page.nextCursor === undefined ? '' : `&cursor=${encodeURIComponent(page.nextCursor)}`;
  } while (cursor !== '');
  return undefined;
}

async function makeSandboxStore(api: Api): Promise<string> {
  const make = async <Made>(path: string, body: unknown) => accepted(await api.post(path, body), path) as Made;
  const { brandId } = await make<{ brandId: string }>('/v1/brands', { code: CODE, ...names });
  const programme = { code: CODE, ...names, currency: 'CNY', brandIds: [brandId] };
  const { programmeId } = await make<{ programmeId: string }>('/v1/programmes', programme);
  const versions = `/v1/programmes/${programmeId}/versions`;
  const { version } = await make<{ version: number }>(versions, { ...TERMS, acceptDaysBack: 400 });
  await make(`${versions}/${version}:publish`, {
    effectiveFrom: Temporal.Now.plainDateISO().subtract({ years: 2 }).toString(),
  });
  const day = { timeZone: 'Asia/Shanghai', dayCutoverMinutes: 0, currency: 'CNY', language: 'zh-CN' };
  const { storeId } = await make<{ storeId: string }>('/v1/stores', { brandId, code: CODE, ...names, ...day });
  return storeId;
}

async function tillOf(api: Api, storeId: string, number: string): Promise<string> {
  const made = await api.post('/v1/tills', { storeId, number });
  if (made.status !== 409) return (accepted(made, 'a till') as { tillId: string }).tillId;
  const { tills } = accepted(await api.get(`/v1/stores/${storeId}/tills`), 'listing tills') as {
    tills: { tillId: string; number: string }[];
  };
  const found = tills.find((till) => till.number === number);
  if (!found) throw new Error('The sandbox has as many tills as a store may have');
  return found.tillId;
}

async function memberFor(
  api: Api,
  guest: (typeof guests)[number],
  storeId: string,
): Promise<Sandbox['members'][number]> {
  for (;;) {
    const made: Answer = await api.post('/v1/members', registration(guest, storeId));
    const found = made.status === 409 ? await api.get(`/v1/members?email=${encodeURIComponent(guest.email)}`) : made;
    // Members may not have heard of the new store yet.
    if (found.status !== 404 && found.status !== 503) {
      const { memberId, number, codeToken } = accepted(found, 'a member') as Sandbox['members'][number];
      return { memberId, number, codeToken };
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
