import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkStored } from '@regulars/invariants';
import { TestClock, type TestDatabase } from '@regulars/testing';
import pg from 'pg';
import { aMember, aPurchase, aStore, theTerms } from '../../test/chain.js';
import { loyaltyDatabase, Pod } from '../../test/pod.js';
import { MonthsService } from './months.service.js';

/** The first day of the month so many months ago, as a partition is called and as a date. */
function month(ago: number): { name: string; first: string } {
  const now = new Date();
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago, 1)).toISOString().slice(0, 10);
  return { name: `purchase_${first.slice(0, 7).replace('-', '')}`, first };
}

describe('Months of purchases', () => {
  let database: TestDatabase;
  let pod: Pod;

  beforeAll(async () => {
    database = await loyaltyDatabase();
    pod = await Pod.start(database.url, new TestClock(new Date().toISOString()));
  });

  afterAll(async () => {
    await pod.stop();
    await database.drop();
  });

  const names = async () =>
    (
      await pod.rows<{ name: string }>(
        `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'purchase'::regclass ORDER BY 1`,
      )
    ).map(({ name }) => name);

  const keeping = (months?: number) => new MonthsService(pod.dataSource, { PURCHASES_KEPT_MONTHS: months });

  /** Moves a stored purchase with everything that tells its date, as time does. */
  async function age(receiptNumber: string, to: string): Promise<void> {
    await pod.rows(`UPDATE purchase SET business_date = $2 WHERE receipt_number = $1`, [receiptNumber, to]);
    await pod.rows(
      `UPDATE entry SET business_date = $2 WHERE kind = 'earn' AND source_id = (SELECT purchase_id FROM purchase WHERE receipt_number = $1)`,
      [receiptNumber, to],
    );
  }

  it('[O5] are kept for ever unless told otherwise', async () => {
    await pod.rows('SELECT purchase_add_months(40, 3)');
    const before = await names();
    expect(await keeping().forgetOldest()).toBe(0);
    expect(await names()).toEqual(before);
  });

  it('[O5] go one at a time when they are over; balances, entries and the stored promises stay', async () => {
    const store = aStore();
    await pod.open(store, theTerms(), 'OLD');
    const member = aMember();
    await pod.register(member);
    const [old, young] = [aPurchase({ at: store, by: member }), aPurchase({ at: store, by: member })];
    await pod.post([old, young]);
    await age(old.receipt?.receiptNumber ?? '', month(30).first);

    const months = keeping(18);
    let dropped = 0;
    while ((await months.forgetOldest()) === 1) dropped += 1;
    expect(dropped).toBe(40 - 18);
    const left = await names();
    expect(left[0]).toBe(month(18).name);
    expect(await months.keepAhead()).toBe(0);

    const [sums] = await pod.rows(
      `SELECT (SELECT count(*) FROM purchase) AS purchases, (SELECT count(*) FROM entry) AS entries,
         (SELECT balance FROM account WHERE member_id = $1) = (SELECT sum(points) FROM entry) AS same`,
      [member.memberId],
    );
    expect(sums).toMatchObject({ purchases: 1, entries: 2, same: true });
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const checked = await checkStored(client, '1 hour');
    await client.end();
    expect(checked.filter(({ broken }) => broken).map(({ rule, cases }) => ({ rule, cases }))).toEqual([]);
  });

  it('[O5] stay while a purchase in them waits for its member', async () => {
    await pod.rows('SELECT purchase_add_months(20, 3)');
    const store = aStore();
    await pod.open(store, theTerms(), 'WAITING');
    const purchase = aPurchase({ at: store, by: aMember() });
    await pod.post([purchase]);
    await pod.rows(`UPDATE pending_purchase SET business_date = $1`, [month(20).first]);
    const months = keeping(18);
    expect(await months.forgetOldest()).toBe(1);
    expect(await months.forgetOldest()).toBe(0);
    expect(await names()).toContain(month(20).name);
    expect(await names()).not.toContain(month(19).name);
  });
});
