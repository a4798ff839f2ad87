import { setTimeout as sleep } from 'node:timers/promises';
import { isWorthAMessage } from '@regulars/invariants';
import type { Stage } from './stage.js';
import type { Violation } from './violation.js';

/** What has to be over before anything is counted; each answers 0 when it is. */
const LEFT_TO_DO: readonly { what: string; sql: string }[] = [
  {
    what: 'events to publish',
    sql: `select count(*) from loyalty.outbox o, loyalty.relay_cursor c
      where o.ord > c.through_ord`,
  },
  {
    what: 'purchases whose member is known by now',
    sql: `select count(*) from loyalty.pending_purchase p
      where exists (select from loyalty.member m where p.told_member = 'id:' || m.member_id)`,
  },
  {
    what: 'refunds whose purchase has come',
    sql: `select count(*) from loyalty.refund r
      join loyalty.purchase p on (p.programme_id, p.store_id, p.till_id, p.business_date, p.receipt_number)
        = (r.programme_id, r.purchase_store_id, r.purchase_till_id, r.purchase_business_date, r.purchase_receipt_number)
      where r.state = 'waiting'`,
  },
  {
    what: 'members to be asked how it was',
    sql: `select count(distinct o.aggregateid) from loyalty.outbox o
      where o.type = 'regulars.loyalty.v1.PointsEarned'
        and not exists (select from surveys.follow_up f where f.member_id = o.aggregateid::uuid)`,
  },
  {
    what: 'messages to write',
    sql: `select count(*) from loyalty.outbox o where ${isWorthAMessage}
      and not exists (select from notifications.message m where m.cause_id = o.id)`,
  },
];

/**
 * Waits until everything that follows from the purchases has happened. What has not within `withinMs` is a violation:
 * the platform did not come to rest by itself.
 */
export async function comeToRest(stage: Stage, withinMs: number): Promise<Violation[]> {
  const until = performance.now() + withinMs;
  for (;;) {
    const left = await leftToDo(stage);
    if (left.length === 0) return [];
    if (performance.now() > until) {
      return left.map((what) => ({
        rule: 'the platform comes to rest by itself',
        what: `${what} after ${withinMs / 1_000} s`,
      }));
    }
    await sleep(200);
  }
}

async function leftToDo(stage: Stage): Promise<string[]> {
  const client = await stage.connect();
  try {
    const left: string[] = [];
    for (const { what, sql } of LEFT_TO_DO) {
      const { rows } = await client.query<{ count: string }>(sql);
      if (Number(rows[0]?.count) > 0) left.push(`${rows[0]?.count} ${what}`);
    }
    return left;
  } finally {
    await client.end();
  }
}
