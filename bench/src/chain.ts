import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api, accepted, type Platform, registration } from '@regulars/tools';
import { withClient } from './yardstick.js';

/** A member who buys. */
export interface Buyer {
  memberId: string;
  number: string;
}

const AT_ONCE = 16;

/**
 * Registers members through the API and waits until loyalty knows them. One in ten has an e-mail address, so that
 * messages are really sent; a message to a guest without one is written and ends there.
 */
export async function registerBuyers(platform: Platform, count: number): Promise<Buyer[]> {
  const office = new Api(platform.gateway.url, platform.tokens.administrator);
  const homeStoreId = platform.stores?.[0]?.storeId;
  const buyers: Buyer[] = [];
  let next = 0;
  const desk = async () => {
    while (next < count) {
      const number = next++;
      const guest = registrationOf(number, homeStoreId);
      buyers.push((await registered(office, guest)) as Buyer);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, desk));
  await untilKnown(platform.database.urls.loyalty, count);
  return buyers;
}

/** Asks again under the same key while services that have just started take longer to answer than somebody would wait. */
async function registered(office: Api, guest: object): Promise<unknown> {
  const key = randomUUID();
  const until = performance.now() + 60_000;
  for (;;) {
    const answer = await office.post('/v1/members', guest, key);
    if (answer.status !== 503 || performance.now() > until) return accepted(answer, 'registering a member');
    await sleep(200);
  }
}

function registrationOf(number: number, homeStoreId: string | undefined) {
  const person = personOf(number);
  const language = number % 3 === 0 ? 'en' : 'zh-CN';
  return { ...registration({ ...person, email: '', language }, homeStoreId), person };
}

function personOf(number: number) {
  const digits = String(number).padStart(8, '0');
  const email = number % 10 === 0 ? { email: `guest-${digits}@guests.example` } : {};
  return { name: `Guest ${digits}`, mobile: `+86137${digits}`, ...email };
}

async function untilKnown(loyaltyUrl: string, count: number): Promise<void> {
  const until = performance.now() + 60_000;
  await withClient(loyaltyUrl, async (client) => {
    for (;;) {
      const { rows } = await client.query<{ count: string }>('SELECT count(*) AS count FROM member');
      if (Number(rows[0]?.count) >= count) return;
      if (performance.now() > until) throw new Error(`Loyalty knows ${rows[0]?.count} of ${count} members after 60 s`);
      await sleep(100);
    }
  });
}
