import { randomUUID } from 'node:crypto';
import { Api, accepted, eventually, type Platform, registration } from '@regulars/tools';
import type pg from 'pg';
import type { Random } from './random.js';

/** A member of a scenario, with what nobody but `members` may ever write down. */
export interface Guest {
  readonly memberId: string;
  readonly name: string;
  readonly mobile: string;
  readonly email: string;
}

/** Registers members at the desk, a few at a time. */
export async function registerGuests(platform: Platform, random: Random, count: number): Promise<Guest[]> {
  const desk = new Api(platform.gateway.url, platform.tokens.administrator);
  const guests: Guest[] = [];
  while (guests.length < count) {
    const some = Array.from({ length: Math.min(6, count - guests.length) }, () =>
      registerGuest(desk, platform, random),
    );
    guests.push(...(await Promise.all(some)));
  }
  return guests;
}

/** Waits until loyalty has heard of them, so that their purchases are credited at once. */
export async function guestsAreKnown(client: pg.Client, guests: readonly Guest[]): Promise<void> {
  const ids = guests.map(({ memberId }) => memberId);
  await eventually('loyalty hearing of the guests', async () => {
    const { rows } = await client.query<{ known: number }>(
      'select count(*)::integer as known from loyalty.member where member_id = any($1::uuid[])',
      [ids],
    );
    return rows[0]?.known === ids.length ? true : undefined;
  });
}

async function registerGuest(desk: Api, platform: Platform, random: Random): Promise<Guest> {
  const digits = String(random.whole(0, 99_999_999)).padStart(8, '0');
  const person = {
    name: `顾${random.uuid().slice(0, 6)}`,
    mobile: `+86137${digits}`,
    email: `regular-${digits}@guests.example`,
    language: random.pick(['zh-CN', 'en']),
  };
  const body = registration(person, platform.stores?.[0]?.storeId);
  const key = randomUUID();
  // Services that have just started may take longer than somebody would wait: the same request is asked again.
  const answer = await eventually('a guest being registered', async () => {
    const tried = await desk.post('/v1/members', body, key);
    return tried.status === 503 ? undefined : tried;
  });
  const { memberId } = accepted(answer, 'registering a guest') as { memberId: string };
  return { memberId, name: person.name, mobile: person.mobile, email: person.email };
}
