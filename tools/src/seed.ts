import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Api, accepted, eventually } from './api.js';
import type { Role } from './roles.js';

/** The small chain that a platform begins with. */
export interface Seeded {
  programmeId: string;
  stores: readonly { storeId: string; storeCode: string }[];
  tillKeys: readonly TillKey[];
  members: readonly { memberId: string; number: string }[];
}

export interface TillKey {
  storeId: string;
  storeCode: string;
  tillId: string;
  /** The secret that the till sends as its bearer. */
  key: string;
}

const BRAND = { code: 'LAMP', nameZh: '灯笼面馆', nameEn: 'Lantern Noodles' };

export interface StoreSeed {
  code: string;
  nameZh: string;
  nameEn: string;
  timeZone: string;
  dayCutoverMinutes: number;
  language: string;
}

export const STORES: readonly [StoreSeed, ...StoreSeed[]] = [
  {
    code: 'SH-BUND',
    nameZh: '外滩店',
    nameEn: 'The Bund',
    timeZone: 'Asia/Shanghai',
    dayCutoverMinutes: 240,
    language: 'zh-CN',
  },
  {
    code: 'SH-XUHUI',
    nameZh: '徐汇店',
    nameEn: 'Xuhui',
    timeZone: 'Asia/Shanghai',
    dayCutoverMinutes: 240,
    language: 'zh-CN',
  },
  {
    code: 'UR-BAZAAR',
    nameZh: '大巴扎店',
    nameEn: 'Grand Bazaar',
    timeZone: 'Asia/Urumqi',
    dayCutoverMinutes: 120,
    language: 'en',
  },
];

const TILLS_PER_STORE = 2;

const PROGRAMME = { code: 'LANTERN', nameZh: '灯笼会员', nameEn: 'Lantern Club', currency: 'CNY' };

/** One point for each yuan, more in higher tiers; points last a year. */
export const TERMS = {
  accrual: { points: 1, perMinor: 100, rounding: 'down', minimumMinor: 0 },
  tiers: [
    { code: 'regular', nameZh: '普通', nameEn: 'Regular', fromSpentMinor: 0, multiplierPercent: 100 },
    { code: 'gold', nameZh: '黄金', nameEn: 'Gold', fromSpentMinor: 100_000, multiplierPercent: 120 },
    { code: 'platinum', nameZh: '白金', nameEn: 'Platinum', fromSpentMinor: 500_000, multiplierPercent: 150 },
    { code: 'diamond', nameZh: '钻石', nameEn: 'Diamond', fromSpentMinor: 2_000_000, multiplierPercent: 200 },
  ],
  tierPeriodMonths: 12,
  expiry: { rollingMonths: 12 },
  acceptDaysBack: 30,
  refundMayOwe: true,
  timeZone: 'Asia/Shanghai',
};

const MEMBERS = [
  { name: '王小明', mobile: '+8613800138001', email: 'xiaoming@guests.example', language: 'zh-CN' },
  { name: '李娜', mobile: '+8613800138002', email: 'lina@guests.example', language: 'zh-CN' },
  { name: '阿依古丽', mobile: '+8613800138003', email: 'ayiguli@guests.example', language: 'zh-CN' },
  { name: '陈静', mobile: '+8613800138004', email: 'chenjing@guests.example', language: 'zh-CN' },
  { name: 'Emma Fischer', mobile: '+4915123456789', email: 'emma@guests.example', language: 'en' },
  { name: 'James Carter', mobile: '+447400123456', email: 'james@guests.example', language: 'en' },
];

/**
 * Makes a brand with three stores in two time zones, tills, a programme in force and six members, through the API alone.
 *
 * What is made is written down at once in `<dir>/seed.json`, because a till's key is told only once: a second start finds
 * everything there and makes nothing.
 */
export async function seedChain(
  platform: { gateway: { url: string }; tokens: Record<Role, string> },
  dir: string,
): Promise<Seeded> {
  const notes = await SeedNotes.open(join(dir, 'seed.json'));
  const administrator = new Api(platform.gateway.url, platform.tokens.administrator);
  const make = <T>(path: string, body: unknown, what: string): Promise<T> =>
    notes.once(
      what,
      async () => accepted(await administrator.post(path, body, `seed-${what.replaceAll(' ', '-')}`), what) as T,
    );

  const { brandId } = await make<{ brandId: string }>('/v1/brands', BRAND, `brand ${BRAND.code}`);
  const stores: { storeId: string; storeCode: string }[] = [];
  const tillKeys: TillKey[] = [];
  for (const store of STORES) {
    const { storeId } = await make<{ storeId: string }>(
      '/v1/stores',
      { ...store, brandId, currency: 'CNY' },
      `store ${store.code}`,
    );
    stores.push({ storeId, storeCode: store.code });
    for (let number = 1; number <= TILLS_PER_STORE; number++) {
      const what = `till ${store.code}-${number}`;
      const { tillId } = await make<{ tillId: string }>('/v1/tills', { storeId, number: String(number) }, what);
      const { secret } = await make<{ secret: string }>(`/v1/tills/${tillId}/keys`, {}, `key of ${what}`);
      tillKeys.push({ storeId, storeCode: store.code, tillId, key: secret });
    }
  }
  const programmeId = await seedProgramme(make, brandId);
  const members = [];
  for (const member of MEMBERS) {
    members.push(
      await make<Seeded['members'][number]>(
        '/v1/members',
        registration(member, stores[0]?.storeId),
        `member ${member.mobile}`,
      ),
    );
  }
  await tillsAreKnown(platform.gateway.url, tillKeys);
  return { programmeId, stores, tillKeys, members: members.map(({ memberId, number }) => ({ memberId, number })) };
}

/** What a person who registers is asked for; also used by the story. */
export function registration(
  person: { name: string; mobile: string; email: string; language: string },
  homeStoreId: string | undefined,
  at = new Date(),
) {
  const acceptedAt = at.toISOString();
  return {
    person: { name: person.name, mobile: person.mobile, email: person.email },
    nature: 'individual',
    language: person.language,
    homeStoreId,
    channel: 'store-desk',
    acceptances: [
      { notice: 'benefits', version: '2026-05', channel: 'store-desk', acceptedAt },
      { notice: 'privacy', version: '2026-05', channel: 'store-desk', acceptedAt },
    ],
  };
}

type Make = <T>(path: string, body: unknown, what: string) => Promise<T>;

async function seedProgramme(make: Make, brandId: string): Promise<string> {
  const what = `programme ${PROGRAMME.code}`;
  const { programmeId } = await make<{ programmeId: string }>(
    '/v1/programmes',
    { ...PROGRAMME, brandIds: [brandId] },
    what,
  );
  const versions = `/v1/programmes/${programmeId}/versions`;
  const { version } = await make<{ version: number }>(versions, TERMS, `first version of ${what}`);
  const effectiveFrom = new Date(Date.now() - 30 * 86_400_000).toISOString().slice(0, 10);
  await make(`${versions}/${version}:publish`, { effectiveFrom }, `publishing ${what}`);
  return programmeId;
}

/** A new key works once the gateway has heard of it: a purchase without a body is refused for its body, not for its key. */
async function tillsAreKnown(url: string, tillKeys: readonly TillKey[]): Promise<void> {
  for (const { storeCode, key } of tillKeys) {
    await eventually(`the key of a till of ${storeCode} becoming known`, async () => {
      const { status } = await new Api(url, key).post('/v1/purchases', {});
      return status === 400 ? status : undefined;
    });
  }
}

/** What was made so far, with the answers. */
class SeedNotes {
  private constructor(
    private readonly file: string,
    private readonly made: Record<string, unknown>,
  ) {}

  static async open(file: string): Promise<SeedNotes> {
    const text = await readFile(file, 'utf8').catch(() => '{}');
    return new SeedNotes(file, JSON.parse(text) as Record<string, unknown>);
  }

  async once<T>(what: string, make: () => Promise<T>): Promise<T> {
    if (!(what in this.made)) {
      this.made[what] = await make();
      await writeFile(this.file, JSON.stringify(this.made), { mode: 0o600 });
    }
    return this.made[what] as T;
  }
}
