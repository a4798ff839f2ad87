import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ProgrammeTerms } from '@regulars/contracts/loyalty/v1/programmes';
import { TestClock, type TestDatabase } from '@regulars/testing';
import { aStore, theTerms } from '../../test/chain.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';
import { aRule } from '../../test/policies.js';

describe('Publishing a version, on a real database', () => {
  const clock = new TestClock('2026-05-10T04:00:00Z');
  let database: TestDatabase;
  let pod: Pod;
  let programmeId: string;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    pod = await Pod.start(database.url, clock);
    programmeId = await pod.open(aStore(), theTerms());
  });

  afterAll(async () => {
    await pod.stop();
    await database.drop();
  });

  async function draft(terms: ProgrammeTerms): Promise<number> {
    const drafted = await pod.programmes.draft('wang', programmeId, terms);
    if (drafted.outcome !== 'drafted') throw new Error(drafted.outcome);
    return drafted.version.version;
  }

  it('[L3] is refused with every contradiction at once and changes nothing, however often it is asked', async () => {
    const version = await draft({
      ...theTerms({ capPerDay: 500, capPerMonth: 100 }),
      expiry: { policy: { $case: 'fixedDate', value: '2026-05-09' } },
      rules: [aRule({ when: { tiers: ['platinum'] } })],
    });
    for (let again = 0; again < 2; again++) {
      const refused = await pod.programmes.publish('wang', programmeId, version, '2026-05-11');
      if (refused.outcome !== 'malformed') throw new Error(refused.outcome);
      expect(refused.faults.map(({ pointer }) => pointer)).toEqual([
        '/terms/expiry/fixedDate',
        '/terms/accrual/capPerDay',
        '/terms/rules/0/when/tiers/0',
      ]);
    }
    expect(await pod.programmes.version(programmeId, version)).toMatchObject({ publishedAt: null });
  });

  it('[L3] decides by the day on which the version begins, and not backwards', async () => {
    const ends = { policy: { $case: 'fixedDate', value: '2026-12-31' } } as const;
    const version = await draft({ ...theTerms(), expiry: ends });
    const publish = (from: string) => pod.programmes.publish('wang', programmeId, version, from);
    expect(await publish('2027-01-01')).toMatchObject({ faults: [{ pointer: '/terms/expiry/fixedDate' }] });
    expect(await publish('2026-05-09')).toEqual({ outcome: 'refused', reason: 'EFFECTIVE_IN_PAST' });
    expect(await publish('2026-05-11')).toMatchObject({ outcome: 'published' });
    expect(await publish('2026-05-12')).toEqual({ outcome: 'refused', reason: 'NOT_A_DRAFT' });
  });
});
