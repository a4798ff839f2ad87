import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@regulars/testing';
import pg from 'pg';
import { type Journey, purchaseAt, registerGuest, registerKnownGuest, startJourney } from './platform.js';

interface Part {
  state: string;
  reason?: string;
  value?: unknown;
}
interface Figures {
  visits: number;
  lastOn?: string;
  spending: { totalMinor: number }[];
  dishes: { code: string }[];
}
interface Profile {
  isWhole: boolean;
  parts: Record<string, Part>;
}
interface Compared {
  kept: Figures;
  booked: Figures;
  differences: { purchaseId: string; kind: string }[];
  repaired: boolean;
}

let journey: Journey;
let database: pg.Pool;

beforeAll(async () => {
  journey = await startJourney();
  database = new pg.Pool({ connectionString: journey.platform.database.adminUrl, max: 1 });
});

afterAll(async () => {
  await database.end();
  await journey.stop();
});

async function profileOf(memberId: string, who: 'agent' | 'cashier' = 'agent', query = ''): Promise<Profile> {
  return (await journey.as(who).get(`/v1/members/${memberId}/profile${query}`).expect(200)).body as Profile;
}

const statesOf = ({ parts }: Profile) =>
  Object.fromEntries(Object.entries(parts).map(([name, { state }]) => [name, state]));

async function compared(memberId: string): Promise<Compared> {
  return (await journey.as('auditor').get(`/v1/members/${memberId}/visits/comparison`).expect(200)).body as Compared;
}

/** Somebody who bought twice and gave the second purchase back, as her profile knows already. */
async function aGuestWithVisits(): Promise<{ memberId: string; mobile: string; lines: number }> {
  const { till } = purchaseAt(journey, {});
  const guest = await registerKnownGuest(journey, till.storeId);
  const [first, second] = [1, 2].map(() => purchaseAt(journey, { number: guest.number }).body);
  for (const body of [first, second])
    await journey
      .as(till)
      .post('/v1/purchases', body as object)
      .expect(201);
  const { businessDate, receiptNumber, rungAt } = second as {
    businessDate: string;
    receiptNumber: string;
    rungAt: string;
  };
  const refund = {
    businessDate,
    receiptNumber: `R-${receiptNumber}`,
    rungAt,
    purchase: { businessDate, receiptNumber },
  };
  await journey.as(till).post('/v1/refunds', refund).expect(201);
  await eventually(async () => {
    const { kept, booked, differences } = await compared(guest.memberId);
    return booked.visits === 1 && kept.visits === 1 && differences.length === 0;
  });
  return { ...guest, lines: (first as { lines: unknown[] }).lines.length };
}

describe('The profile of a member', () => {
  it('[M7] tells everything from its owners in one call, masked, and writes down who looked', async () => {
    const guest = await aGuestWithVisits();
    await journey
      .as('agent')
      .post('/v1/cases', {
        memberId: guest.memberId,
        storeId: purchaseAt(journey, {}).till.storeId,
        type: 'complaint',
        severity: 'minor',
        channel: 'phone',
        text: '汤不热',
      })
      .expect(201);
    // On a busy machine an owner may not answer within the patience of one call.
    const profile = await eventually(async () => {
      const answer = await profileOf(guest.memberId);
      return answer.isWhole && answer;
    });
    expect(statesOf(profile)).toMatchObject({
      member: 'ok',
      particulars: 'ok',
      visits: 'ok',
      points: 'ok',
      tier: 'ok',
      coupons: 'empty',
      cases: 'ok',
    });
    const { figures } = profile.parts.visits?.value as { figures: Figures };
    expect([figures.visits, figures.spending[0]?.totalMinor, figures.dishes.length]).toEqual([1, 12_800, guest.lines]);
    expect(profile.parts.points?.value).toMatchObject({ balance: 128 });
    expect(JSON.stringify(profile)).not.toContain(guest.mobile);
    const clear = await profileOf(guest.memberId, 'agent', '?purpose=guest-contact');
    expect(JSON.stringify(clear)).toContain(guest.mobile);
    const read = await journey.as('auditor').get(`/v1/members/${guest.memberId}/accesses`).expect(200);
    const { accesses } = read.body as { accesses: { fields: string[]; purpose: string }[] };
    const lines = accesses.map(
      ({ fields, purpose }) => `${purpose}: ${fields.includes('visits') ? 'visits' : 'record'}`,
    );
    expect(lines).toEqual(
      expect.arrayContaining(['service: visits', 'guest-contact: visits', 'guest-contact: record']),
    );
  });

  it('[M7][O4] withholds the parts that a role may not see by themselves', async () => {
    const guest = await registerGuest(journey, purchaseAt(journey, {}).till.storeId);
    const { cases, followUps, messages, member } = statesOf(await profileOf(guest.memberId, 'cashier'));
    expect([cases, followUps, messages, member]).toEqual(['withheld', 'withheld', 'withheld', 'ok']);
    await journey.as('agent').get('/v1/members/0199c0de-0000-7000-8000-00000000dead/profile').expect(404);
  });

  it('[M7] finds what is missing from the visits kept by asking loyalty, and puts it right', async () => {
    const { memberId } = await aGuestWithVisits();
    await database.query('DELETE FROM members.visit WHERE member_id = $1', [memberId]);
    const { differences, kept, booked } = await compared(memberId);
    expect(differences.map(({ kind }) => kind)).toEqual(['missing', 'missing']);
    expect([kept.visits, booked.visits]).toEqual([0, 1]);
    const repaired = await journey.as('administrator').post(`/v1/members/${memberId}/visits/repairs`, {}).expect(200);
    expect(repaired.body).toMatchObject({ repaired: true });
    const after = await compared(memberId);
    expect([after.differences, after.kept]).toEqual([[], after.booked]);
  });

  it('[M7] marks what a service does not answer as missing, which is not empty, and tells the rest', async () => {
    const guest = await registerKnownGuest(journey, purchaseAt(journey, {}).till.storeId);
    const service = journey.platform.service('complaints');
    await eventually(async () => statesOf(await profileOf(guest.memberId)).cases === 'empty');
    await service.stop();
    try {
      await eventually(async () => {
        const profile = await profileOf(guest.memberId);
        expect(profile.isWhole).toBe(false);
        expect(statesOf(profile)).toMatchObject({ cases: 'missing', coupons: 'empty', member: 'ok', visits: 'ok' });
      });
    } finally {
      await service.start();
    }
    await eventually(async () => statesOf(await profileOf(guest.memberId)).cases === 'empty');
  });

  it('[M7][O6] says of what loyalty keeps that it is missing in the same words on every route, while loyalty is stopped', async () => {
    const guest = await registerKnownGuest(journey, purchaseAt(journey, {}).till.storeId);
    const routes = [
      ['profile', `/v1/members/${guest.memberId}/profile`, 'agent', 'points', 'member'],
      ['priority', `/v1/members/${guest.memberId}/priority`, 'agent', 'tier', 'specialNeed'],
      ['changes', '/v1/configuration/changes', 'auditor', 'loyalty', 'stores'],
      ['seals', '/v1/configuration/seals', 'auditor', 'loyalty', 'stores'],
    ] as const;
    const told = async () =>
      Promise.all(
        routes.map(async ([name, path, who, missing, there]) => {
          const { parts } = (await journey.as(who).get(path).expect(200)).body as { parts: Record<string, Part> };
          const { state, reason } = parts[missing] ?? {};
          return { name, state, reason, there: parts[there]?.state };
        }),
      );
    const all = (state: string, reason?: string) => routes.map(([name]) => ({ name, state, reason, there: 'ok' }));
    const service = journey.platform.service('loyalty');
    await service.stop();
    try {
      await eventually(async () => expect(await told()).toEqual(all('missing', 'DEPENDENCY_UNAVAILABLE')));
    } finally {
      await service.start();
    }
    const [points, ...others] = all('ok');
    // She has no points yet, which is not the same as that nobody knows.
    await eventually(async () => expect(await told()).toEqual([{ ...points, state: 'empty' }, ...others]));
  });
});
