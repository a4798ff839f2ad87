import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import pc from 'picocolors';
import { type Answer, Api, accepted, eventually } from './api.js';
import { type EventRecord, endOf, recordAfter } from './event-record.js';
import type { Platform } from './platform.js';
import { samplePurchase } from './samples.js';
import { registration, STORES } from './seed.js';
import type { SunkMessage } from './sink.js';

/** A step of the story did not go as it is told. */
export class StepFailed extends Error {}

interface Guest {
  memberId: string;
  number: string;
  email: string;
}

interface Purchase {
  body: ReturnType<typeof samplePurchase>;
  idempotencyKey: string;
  answer: PurchaseAnswer;
  /** How many entries the guest's ledger has with it. */
  entries: number;
}

interface PurchaseAnswer {
  outcome: string;
  purchaseId: string;
  pointsEarned: number;
  balance: number;
  entryId: string;
  receiptText: { zhCN: string; en: string };
}

/** Who takes part: an agent in the office, and a till in a store. */
interface Cast {
  platform: Platform;
  office: Api;
  till: Api;
}

/**
 * Tells what the platform does, with real calls: a guest registers, eats, gets points and a message; a till that repeats
 * itself changes nothing; a till that contradicts itself is refused. Every line is read back from the API, the topic or
 * the message sink.
 *
 * @throws StepFailed with the step that did not go as told.
 */
export async function tellStory(platform: Platform): Promise<void> {
  const [tillKey] = platform.tillKeys ?? [];
  assert(tillKey, 'the story needs a seeded platform');
  const { url } = platform.gateway;
  const cast = { platform, office: new Api(url, platform.tokens.agent), till: new Api(url, tillKey.key) };
  const points = `${platform.topicPrefix}regulars.loyalty.points.v1`;
  const { brokers } = platform.kafka;

  const guest = await step('A guest registers at the desk', () => register(cast, tillKey.storeId));
  const end = await endOf(points, brokers);
  const purchase = await step('She eats, and the till posts the purchase', () => buy(cast, guest, tillKey));
  await step('The event, as it lies in Kafka', async () => {
    const isOurs = (record: EventRecord) => purchaseIn(record).purchaseId === purchase.answer.purchaseId;
    const record = await recordAfter(end, points, isOurs, brokers);
    say('topic', `${record.topic}, partition ${record.partition}, offset ${record.offset}`);
    say('key', record.key);
    for (const [name, text] of Object.entries(record.headers)) say(name, text);
    say('value', JSON.stringify(record.value));
    assert.equal(record.key, guest.memberId);
    assert.equal(purchaseIn(record).points, purchase.answer.pointsEarned);
  });
  await step('The message that she got', () => readMessage(cast, guest, purchase));
  await step('The till posts the same again: nothing changes', () => postAgain(cast, guest, purchase));
  await step('The till posts it with another amount: refused', () => contradict(cast, guest, purchase));
  await step('Marketing tries a member day before it is published', () => tryMemberDay(cast, purchase));
  await step('Her statement, and why these points', () => readStatement(cast, guest, purchase));
  await step('She spends points, in two phases', () => redeem(cast, guest, platform));
  await step('She gets a coupon, and two tills want to use it', () => useCoupon(cast, guest, platform));
  await step('How she stands: her tier, and how far ahead she is in queues', () => readStanding(cast, guest));
  await step('She is asked how it was, and tells what was not good', () => complain(cast, guest, tillKey.storeId));
}

function purchaseIn(record: EventRecord): { points: number; purchaseId: string } {
  return record.value as { points: number; purchaseId: string };
}

let stepsTold = 0;

async function step<T>(title: string, tell: () => Promise<T>): Promise<T> {
  stepsTold++;
  console.log(`\n${pc.bold(`${stepsTold}. ${title}`)}`);
  try {
    return await tell();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StepFailed(`${pc.red('✗')} Step ${stepsTold} of the story failed (${title}):\n${reason}`);
  }
}

function say(what: string, text: string | number): void {
  console.log(`   ${pc.dim(what.padEnd(14))} ${text}`);
}

async function register({ office }: Cast, storeId: string): Promise<Guest> {
  const mobile = `+86139${String(randomInt(100_000_000)).padStart(8, '0')}`;
  const email = `guest-${mobile.slice(1)}@guests.example`;
  const person = { name: '周晓雨', mobile, email, language: 'zh-CN' };
  const made = accepted(await office.post('/v1/members', registration(person, storeId)), 'registering') as Guest;
  const read = accepted(await office.get(`/v1/members/${made.memberId}`), 'reading the member') as {
    memberId: string;
    number: string;
    masked: boolean;
    person: { name: string; mobile: string };
  };
  say('member', read.memberId);
  say('number', read.number);
  say('name, mobile', `${read.person.name}, ${read.person.mobile} (masked: ${read.masked})`);
  assert.equal(read.number, made.number);
  assert.notEqual(read.person.mobile, mobile, 'the mobile is masked');
  const byMobile = accepted(await office.get(`/v1/members?mobile=${encodeURIComponent(mobile)}`), 'finding by mobile');
  assert.equal((byMobile as Guest).memberId, made.memberId);
  return { memberId: made.memberId, number: made.number, email };
}

async function buy(cast: Cast, guest: Guest, tillKey: { storeId: string; tillId: string }): Promise<Purchase> {
  const { office, till } = cast;
  const number = `S${Date.now().toString(36).toUpperCase()}`;
  const body = samplePurchase(tillKey, STORES[0], { number: guest.number }, number);
  const idempotencyKey = `story-${number}`;
  // A till repeats what may be repeated: right after a first start loyalty may not have heard of the till yet.
  const posted = await eventually('taking the purchase', async () => {
    const tried = await till.post('/v1/purchases', body, idempotencyKey);
    return tried.status === 503 ? undefined : tried;
  });
  const answer = accepted(posted, 'posting') as PurchaseAnswer;
  say('outcome', answer.outcome);
  say('receipt line', `${answer.receiptText.zhCN} · ${answer.receiptText.en}`);
  if (answer.outcome === 'pending') {
    // The till was faster than the event that tells loyalty of the new member: it is credited without the till.
    await eventually('the purchase being credited by itself', () => balanceOf(office, guest));
    return buy(cast, guest, tillKey);
  }
  say('points earned', answer.pointsEarned);
  assert.equal(answer.outcome, 'credited');
  assert.equal(answer.pointsEarned, body.totalMinor / 100, 'one point for each yuan');
  const balance = await balanceOf(office, guest);
  say('balance', String(balance));
  assert.equal(balance, answer.balance);
  return { body, idempotencyKey, answer, entries: (await entriesOf(office, guest)).length };
}

async function readMessage({ platform, office }: Cast, guest: Guest, { answer }: Purchase): Promise<void> {
  const message = await eventually('the message arriving', async () => {
    const found = await fetch(`${platform.sink.url}/messages.json?to=${encodeURIComponent(guest.email)}`);
    const told = new RegExp(`\\b${answer.pointsEarned}\\b.*\\b${answer.balance}\\b`, 's');
    return ((await found.json()) as SunkMessage[]).find(({ text }) => told.test(text));
  });
  say('to', message.to.join(', '));
  say('subject', message.subject);
  for (const line of message.text.trim().split('\n')) say('', line);
  await eventually('the message being noted as sent', async () => {
    const list = accepted(await office.get(`/v1/messages?memberId=${guest.memberId}`), 'messages') as {
      messages: { template: string; state: string }[];
    };
    const sent = list.messages.find(({ state }) => state === 'sent');
    if (sent) say('in the API', `${sent.template}: ${sent.state}`);
    return sent;
  });
}

async function postAgain({ office, till }: Cast, guest: Guest, purchase: Purchase): Promise<void> {
  const { body, idempotencyKey, answer } = purchase;
  const again = await till.post('/v1/purchases', body, idempotencyKey);
  assert.deepEqual(accepted(again, 'posting again'), answer);
  say(
    'same key',
    `${again.status}, the first answer, Idempotency-Replayed: ${again.headers.get('idempotency-replayed')}`,
  );
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  const rebooted = await till.post('/v1/purchases', body, `${idempotencyKey}-after-a-reboot`);
  assert.deepEqual(accepted(rebooted, 'posting with a new key'), answer);
  say('new key', `${rebooted.status}, the first answer: the receipt itself is known`);
  await nothingChanged(office, guest, purchase);
}

async function contradict({ office, till }: Cast, guest: Guest, purchase: Purchase): Promise<void> {
  const { body, idempotencyKey } = purchase;
  const [line, ...lines] = body.lines as [(typeof body.lines)[number], ...typeof body.lines];
  const dearer = {
    ...body,
    totalMinor: body.totalMinor + 100,
    lines: [{ ...line, amountMinor: line.amountMinor + 100 }, ...lines],
    payments: [{ type: 'wechat-pay', amountMinor: body.totalMinor + 100 }],
  };
  const sameKey = await till.post('/v1/purchases', dearer, idempotencyKey);
  sayProblem('same key', sameKey);
  assert.equal(sameKey.status, 422);
  const sameReceipt = await till.post('/v1/purchases', dearer, `${idempotencyKey}-dearer`);
  sayProblem('same receipt', sameReceipt);
  assert.equal(sameReceipt.status, 409);
  await nothingChanged(office, guest, purchase);
}

async function readStatement({ office }: Cast, guest: Guest, { answer, body }: Purchase): Promise<void> {
  const month = new Date().toISOString().slice(0, 7);
  const statement = accepted(
    await office.get(`/v1/members/${guest.memberId}/points/statement?month=${month}`),
    'statement',
  ) as {
    openingBalance: number;
    closingBalance: number;
    earned: number;
    taken: number;
  };
  say(
    month,
    `opening ${statement.openingBalance}, earned ${statement.earned}, taken ${statement.taken}, closing ${statement.closingBalance}`,
  );
  assert.equal(statement.closingBalance, answer.balance);
  const why = accepted(await office.get(`/v1/points/entries/${answer.entryId}/explain`), 'explain') as {
    programmeVersion: number;
    steps: { code: string; text: { zhCN: string; en: string } }[];
  };
  for (const { code, text } of why.steps) say(code, `${text.zhCN} · ${text.en}`);
  assert(why.steps.length > 0, `the points for ${body.receiptNumber} are explained`);
}

async function redeem({ office, till }: Cast, guest: Guest, platform: Platform): Promise<void> {
  const { url } = platform.gateway;
  const administrator = new Api(url, platform.tokens.administrator);
  const offer = { code: `TEA-${Date.now().toString(36).toUpperCase()}`, nameZh: '茉莉花茶', nameEn: 'Jasmine tea' };
  const terms = { ...offer, programmeId: platform.programmeId, kind: 'dish', points: 60, stock: 1 };
  const reward = accepted(
    await administrator.post('/v1/rewards', { ...terms, validFrom: '2026-01-01' }),
    'offering a reward',
  ) as { rewardId: string };
  const before = (await balanceOf(office, guest)) ?? 0;
  const wish = { member: { number: guest.number }, rewardId: reward.rewardId };
  const reserved = accepted(await till.post('/v1/redemptions', wish), 'reserving') as {
    redemptionId: string;
    points: number;
    balance: number;
    reservedUntil: string;
  };
  say('reserved', `${reserved.points} points until ${reserved.reservedUntil}, balance ${reserved.balance}`);
  assert.equal(reserved.balance, before - 60);
  const last = await till.post('/v1/redemptions', wish);
  sayProblem('the last one', last);
  assert.equal(last.status, 409);
  const path = `/v1/redemptions/${reserved.redemptionId}:confirm`;
  const confirmed = accepted(await till.post(path, {}), 'confirming') as { state: string };
  say('then', `${confirmed.state}, balance ${String(await balanceOf(office, guest))}`);
  assert.equal(await balanceOf(office, guest), before - 60);
}

/** The second till is told where the coupon was used, and when. */
async function useCoupon({ till }: Cast, guest: Guest, { gateway, tokens, tillKeys, programmeId }: Platform) {
  const marketing = new Api(gateway.url, tokens.marketing);
  const offer = { programmeId, code: `TEN-${Date.now().toString(36).toUpperCase()}`, kind: 'spend-save' };
  const terms = { ...offer, nameZh: '满五十减十', nameEn: '10 off 50', valueMinor: 1_000, minSpendMinor: 5_000 };
  const { definitionId } = accepted(
    await marketing.post('/v1/coupon-definitions', { ...terms, validFrom: '2026-01-01' }),
    'defining a coupon',
  ) as { definitionId: string };
  const issued = accepted(await marketing.post('/v1/coupons', { definitionId, memberId: guest.memberId }), 'issuing');
  const [coupon] = (issued as { coupons: { code: string }[] }).coupons;
  assert(coupon, 'she has a coupon');
  say('code', coupon.code);
  const lines = [{ sku: 'NOODLE-BEEF', category: 'noodles', quantityMilli: 1_000, amountMinor: 5_800 }];
  const bill = { member: { number: guest.number }, lines, codes: [coupon.code] };
  const held = accepted(await till.post('/v1/coupon-uses', bill), 'holding the coupon') as {
    useId: string;
    discountMinor: number;
  };
  const used = accepted(await till.post(`/v1/coupon-uses/${held.useId}:confirm`, {}), 'using it') as { state: string };
  say('first till', `${used.state}: ${held.discountMinor / 100} yuan off`);
  assert.equal(held.discountMinor, 1_000);
  const elsewhere = tillKeys?.at(-1);
  assert(elsewhere, 'there is another store');
  const second = await new Api(gateway.url, elsewhere.key).post('/v1/coupon-uses', bill);
  sayProblem('second till', second);
  const { coupons } = second.body as { coupons: { reason: string; tillId: string; at: string }[] };
  say('why', `${coupons[0]?.reason}, at till ${coupons[0]?.tillId}, ${coupons[0]?.at}`);
  assert.deepEqual([second.status, coupons[0]?.reason], [409, 'used']);
}

async function readStanding({ office }: Cast, guest: Guest): Promise<void> {
  const tier = accepted(await office.get(`/v1/members/${guest.memberId}/tier`), 'reading the tier') as {
    nameZh: string;
    nameEn: string;
    progress?: { nextTier?: string; missingMinor: number };
  };
  say('tier', `${tier.nameZh} · ${tier.nameEn}`);
  assert.equal(tier.nameEn, 'Regular');
  const { progress } = tier;
  if (progress?.nextTier) say('next', `${progress.nextTier} after ${progress.missingMinor / 100} yuan more`);
  const read = accepted(await office.get(`/v1/members/${guest.memberId}/priority`), 'reading the priority');
  const { priority, reasons } = read as { priority: number; reasons: object[] };
  say('priority', `${priority}, reasons ${JSON.stringify(reasons)}`);
  assert.equal(priority, 0, 'nothing puts a new guest ahead');
}

async function tryMemberDay({ platform }: Cast, { body, answer }: Purchase): Promise<void> {
  const marketing = new Api(platform.gateway.url, platform.tokens.marketing);
  const path = `/v1/programmes/${platform.programmeId}`;
  const programme = accepted(await marketing.get(path), 'reading the programme') as {
    versions: { state: string; terms: Record<string, unknown> }[];
  };
  const inForce = programme.versions.find(({ state }) => state === 'published');
  assert(inForce, 'a version is in force');
  const rule = { code: 'member-day', nameZh: '会员日双倍', nameEn: 'Member day', multiplierPercent: 200 };
  const terms = { ...inForce.terms, rules: [rule] };
  const drafted = accepted(await marketing.post(`${path}/versions`, terms), 'drafting') as { version: number };
  const { businessDate, lines, channel } = body;
  const simulated = accepted(
    await marketing.post(`${path}/versions/${drafted.version}:simulate`, { businessDate, lines, channel }),
    'simulating',
  ) as { points: number; steps: { code: string; text: { zhCN: string; en: string } }[] };
  say('draft', `version ${drafted.version}: ${rule.nameZh} · ${rule.nameEn}`);
  for (const { code, text } of simulated.steps) say(code, `${text.zhCN} · ${text.en}`);
  say('would earn', `${simulated.points} instead of ${answer.pointsEarned}; nothing is booked`);
  assert.equal(simulated.points, 2 * answer.pointsEarned);
}

async function complain({ office }: Cast, guest: Guest, storeId: string): Promise<void> {
  const followUp = await eventually('the follow-up being planned', async () => {
    const list = accepted(await office.get(`/v1/followups?memberId=${guest.memberId}`), 'follow-ups') as {
      followUps: { followUpId: string; dueAt: string; state: string }[];
    };
    return list.followUps[0];
  });
  say('follow-up', `${followUp.state}, due ${followUp.dueAt}`);
  const opened = accepted(
    await office.post('/v1/cases', {
      memberId: guest.memberId,
      storeId,
      type: 'complaint',
      severity: 'normal',
      channel: 'store-desk',
      text: '面有点凉，等了二十分钟。',
      happenedAt: new Date().toISOString(),
    }),
    'opening a case',
  ) as { caseId: string };
  const read = accepted(await office.get(`/v1/cases/${opened.caseId}`), 'reading the case') as {
    number: string;
    state: string;
    respondBy: string;
    text: string;
  };
  say('case', `${read.number}, ${read.state}, answer promised by ${read.respondBy}`);
  say('text', read.text);
  assert.equal(read.text, '面有点凉，等了二十分钟。');
}

async function nothingChanged(office: Api, guest: Guest, { answer, entries }: Purchase): Promise<void> {
  const now = await entriesOf(office, guest);
  const balance = await balanceOf(office, guest);
  say('still', `balance ${String(balance)}, entries in the ledger: ${now.length}`);
  assert.equal(now.length, entries);
  assert.equal(balance, answer.balance);
}

async function entriesOf(office: Api, guest: Guest): Promise<{ entryId: string }[]> {
  const answer = accepted(await office.get(`/v1/members/${guest.memberId}/points/entries`), 'entries');
  return (answer as { entries: { entryId: string }[] }).entries;
}

/** Undefined for a member who never bought anything. */
async function balanceOf(office: Api, guest: Guest): Promise<number | undefined> {
  const answer = await office.get(`/v1/members/${guest.memberId}/points`);
  return answer.status === 404 ? undefined : (accepted(answer, 'reading the points') as { balance: number }).balance;
}

function sayProblem(what: string, { status, body }: Answer): void {
  const problem = body as { code: string; title?: string; detail?: string };
  say(what, `${status} ${problem.code}: ${problem.detail ?? problem.title ?? ''}`);
}
