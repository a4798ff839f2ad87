import { randomUUID } from 'node:crypto';
import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api, accepted } from '@regulars/tools';
import { call, type HttpAnswer, keptConnections } from '../http.js';
import type { Till } from '../purchases.js';
import type { Scenario } from '../scenario.js';
import { brokenSpendings, type Spending, type StoredCoupon, type StoredRedemption } from '../spendings.js';
import type { Stage } from '../stage.js';

const EACH = 60;
const AT_ONCE = 8;
const STOCK = 1_000;
const POINTS = 5;

/** The shortest that a till may ask for. */
const HOLD_SECONDS = 30;

/** How long after their time limit reservations may take to come back, on a machine that is busy. */
const BACK_WITHIN_MS = 60_000;

/** When a till dies: with what it has asked under way, or after it was told. `returns` is switched on again and goes on. */
const FATES = ['asking', 'told', 'confirming', 'returns', 'lives'] as const;
type Fate = (typeof FATES)[number];

export const tillKilled: Scenario = {
  name: 'till-killed',
  proves:
    'a till killed between reserve and confirm loses and doubles nothing: points and coupons come back by themselves',
  play: async (stage) => {
    const load = stage.load({ tills: 8 });
    await load.goesOnFor(300);
    const spending = await Spendings.prepare(stage);
    await spending.play('before loyalty is killed');
    const loyalty = stage.platform.service('loyalty');
    stage.strike('kill -9 loyalty with reservations that nobody will confirm');
    await loyalty.kill();
    const meanwhile = spending.play('around its restart');
    await loyalty.start();
    await loyalty.ready();
    await meanwhile;
    await load.stop();
    await spending.comeBack();
    await spending.inspect();
  },
};

class Spendings {
  readonly #begun: Spending[] = [];
  readonly #agent: Agent = keptConnections(AT_ONCE);
  #asking = 0;

  private constructor(
    private readonly stage: Stage,
    private readonly rewardId: string,
    private readonly codes: string[],
    private readonly unused: string[],
  ) {}

  static async prepare(stage: Stage): Promise<Spendings> {
    const { gateway, tokens, programmeId } = stage.platform;
    const office = new Api(gateway.url, tokens.administrator);
    const make = async (path: string, body: object) => accepted(await office.post(path, body), path);
    const offer = { programmeId, nameZh: '茶', nameEn: 'Tea', validFrom: '2026-01-01' };
    const reward = { ...offer, code: 'TEA', kind: 'dish', points: POINTS, stock: STOCK };
    const { rewardId } = (await make('/v1/rewards', reward)) as { rewardId: string };
    const kind = { ...offer, code: 'TEN', kind: 'amount-off', valueMinor: 1_000 };
    const { definitionId } = (await make('/v1/coupon-definitions', kind)) as { definitionId: string };
    const batch = { definitionId, count: 2 * EACH };
    const { batchId } = (await make('/v1/coupon-batches', batch)) as { batchId: string };
    const authorization = `Bearer ${tokens.administrator}`;
    const drawn = await fetch(`${gateway.url}/v1/coupon-batches/${batchId}/codes`, { headers: { authorization } });
    const codes = (await drawn.text()).trim().split('\n');
    return new Spendings(stage, rewardId, codes, [...codes]);
  }

  /** Tills begin to spend, one for each fate in turn, a few at once. */
  async play(when: string): Promise<void> {
    const wishes = Array.from({ length: 2 * EACH }, (_, turn) => ({
      kind: turn % 2 === 0 ? ('reward' as const) : ('coupon' as const),
      fate: FATES[Math.floor(turn / 2) % FATES.length] as Fate,
    }));
    this.stage.say(`${wishes.length} tills spend ${when}`);
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let wish = wishes.pop(); wish; wish = wishes.pop()) await this.spend(wish.kind, wish.fate);
      }),
    );
  }

  private async spend(kind: Spending['kind'], fate: Fate): Promise<void> {
    const { random, platform, history } = this.stage;
    const till = random.pick<Till>(platform.tillKeys ?? []);
    const code = kind === 'coupon' ? this.unused.pop() : undefined;
    const spending: Spending = { kind, key: randomUUID(), code, told: 'nothing' };
    this.#begun.push(spending);
    const memberId = random.pick(this.stage.guests).memberId;
    const reserve = this.reserving(spending, memberId);
    const diesAfter = async (key: string, asked: Asked) => {
      const sent = this.post(till, { key }, asked, random.whole(1, 25));
      history.strike(`a till is killed: ${fate}`, history.inFlight + this.#asking);
      await sent;
    };
    if (fate === 'asking') return diesAfter(spending.key, reserve);
    if (!this.hear(spending, await this.insist(till, spending, reserve))) return;
    if (fate === 'told') return;
    if (fate === 'returns') this.hear(spending, await this.insist(till, spending, reserve));
    const confirm = { path: `${reserve.path}/${spending.id}:confirm`, body: {} };
    if (fate === 'confirming') return diesAfter(`${spending.key}-c`, confirm);
    const answer = await this.insist(till, { key: `${spending.key}-c` }, confirm);
    if (answer) spending.told = answer.status === 409 ? 'refused' : 'confirmed';
  }

  private reserving({ code }: Spending, memberId: string) {
    const member = { memberId };
    if (code === undefined) {
      return { path: '/v1/redemptions', body: { member, rewardId: this.rewardId, holdSeconds: HOLD_SECONDS } };
    }
    const lines = [{ sku: 'FEAST', category: 'dishes', quantityMilli: 1_000, amountMinor: 5_000 }];
    return { path: '/v1/coupon-uses', body: { lines, codes: [code], holdSeconds: HOLD_SECONDS } };
  }

  /** Notes what a till was told of its reservation; answers whether it goes on. */
  private hear(spending: Spending, answer: HttpAnswer | undefined): boolean {
    if (!answer) return false;
    const { redemptionId, useId } = JSON.parse(answer.text) as { redemptionId?: string; useId?: string };
    const id = redemptionId ?? useId;
    const isSame = spending.id === undefined || spending.id === id;
    this.stage.expect(
      id !== undefined && isSame,
      'the same key gets the same answer',
      `${spending.key}: ${answer.text}`,
    );
    spending.id = id;
    spending.told = 'reserved';
    return id !== undefined;
  }

  /** Asks until there is an answer, as a till does that lives; an answer that is none of the expected ones is a defect. */
  private async insist(till: Till, spending: Pick<Spending, 'key'>, asked: Asked): Promise<HttpAnswer | undefined> {
    const until = performance.now() + 90_000;
    while (performance.now() < until) {
      const answer = await this.post(till, spending, asked, 5_000);
      if (answer && answer.status !== 503 && answer.status !== 429) {
        const isKnown = answer.status < 300 || (answer.status === 409 && asked.path.endsWith(':confirm'));
        this.stage.expect(isKnown, 'a till never sees a defect', `${asked.path}: ${answer.status} ${answer.text}`);
        return isKnown ? answer : undefined;
      }
      await sleep(200);
    }
    this.stage.expect(false, 'a till that lives is answered', asked.path);
    return undefined;
  }

  private async post(till: Till, { key }: Pick<Spending, 'key'>, { path, body }: Asked, patienceMs: number) {
    this.#asking += 1;
    const answer = await call(this.#agent, {
      method: 'POST',
      url: `${this.stage.platform.gateway.url}${path}`,
      bearer: till.key,
      headers: { 'idempotency-key': key },
      body: JSON.stringify(body),
      patienceMs,
    });
    this.#asking -= 1;
    return answer;
  }

  /** Waits for every time limit; what is still held then is seen by the inspection. */
  async comeBack(): Promise<void> {
    this.stage.say(`waiting for what ${this.#begun.filter(({ told }) => told !== 'confirmed').length} tills left`);
    const nothingHeld = async () => {
      const [row] = await this.stage.query<{ held: number }>(
        `select ((select count(*) from loyalty.redemption where state = 'reserved')
          + (select count(*) from loyalty.coupon_use where state = 'reserved'))::integer as held`,
      );
      return row?.held === 0;
    };
    await this.stage.until('everything coming back', nothingHeld, HOLD_SECONDS * 1_000 + BACK_WITHIN_MS).catch(() => {
      this.stage.say('something stays held');
    });
  }

  async inspect(): Promise<void> {
    const { stage } = this;
    const redemptions = await stage.query<StoredRedemption & Record<string, unknown>>(
      `select r.redemption_id as "redemptionId", r.state, r.points::float8 as points, sum(e.points)::float8 as booked
       from loyalty.redemption r left join loyalty.entry e on e.source_id = r.redemption_id group by r.redemption_id`,
    );
    const coupons = await stage.query<StoredCoupon & Record<string, unknown>>(
      `select c.code, c.state, coalesce(json_agg(json_build_object('useId', u.use_id, 'state', u.state))
         filter (where u.use_id is not null), '[]') as uses
       from loyalty.coupon c left join loyalty.coupon_use u
         on exists (select from jsonb_array_elements(u.applied::jsonb) a where a ->> 'code' = c.code)
       where c.code = any($1::text[]) group by c.code, c.state`,
      [this.codes],
    );
    const sql = 'select stock::float8 as stock from loyalty.reward where reward_id = $1';
    const [reward] = await stage.query<{ stock: number }>(sql, [this.rewardId]);
    const stock = { atFirst: STOCK, left: reward?.stock ?? 0 };
    stage.violations.push(...brokenSpendings(this.#begun, { redemptions, coupons, stock }));
    await this.useAgain(coupons.filter(({ state }) => state === 'issued').map(({ code }) => code));
    this.#agent.destroy();
  }

  /** Whatever came back can be used by the next guest. */
  private async useAgain(codes: readonly string[]): Promise<void> {
    const till = this.stage.random.pick<Till>(this.stage.platform.tillKeys ?? []);
    for (const code of codes) {
      const asked = this.reserving({ kind: 'coupon', key: '', code, told: 'nothing' }, '');
      const answer = await this.post(till, { key: randomUUID() }, asked, 15_000);
      const rule = 'a coupon that came back can be used';
      this.stage.expect(answer?.status === 201, rule, `${code}: ${answer?.status} ${answer?.text}`);
    }
    this.stage.say(`${codes.length} coupons that came back were held again`);
  }
}

interface Asked {
  readonly path: string;
  readonly body: object;
}
