import type { Load } from '../load.js';
import type { Session } from '../postgres-proxy.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { killAtCommit } from './commits.js';

const LOTS = 4_000;
const EARNED_WITHIN_MS = 150_000;
const BOOKED_WITHIN_MS = 90_000;

const MOMENTS = [
  { at: 'sent', what: 'kill -9 loyalty before a COMMIT of its expiry' },
  { at: 'done', what: 'kill -9 loyalty between a COMMIT of its expiry and the answer' },
  { at: 'sent', what: 'kill -9 loyalty before another COMMIT of its expiry' },
] as const;

interface EndedLot extends Record<string, unknown> {
  readonly lotId: string;
  readonly remaining: number;
}

export const killExpiry: Scenario = {
  name: 'kill-expiry',
  proves: 'loyalty killed while it books the end of very many lots goes on where it was, and ends each lot once',
  postgresProxyFor: 'loyalty',
  // A batch has a hundred members: a third of them is two batches, so that every kill finds the work half done.
  guests: 600,
  play: async (stage) => {
    const earning = stage.load({ refunds: 0 });
    await earning.goesOnFor(LOTS, EARNED_WITHIN_MS);
    await earning.stop();
    const load = stage.load({ tills: 8, refunds: 0 });
    const ended = await killWhileItEnds(stage, load);
    await allIsBooked(stage);
    await load.goesOnFor(100);
    await load.stop();
    await inspect(stage, ended);
  },
};

/** Ends the points of a third of the members, kills loyalty while it books them, and starts it again; three times. */
async function killWhileItEnds(stage: Stage, load: Load): Promise<EndedLot[]> {
  const loyalty = stage.platform.service('loyalty');
  const ended: EndedLot[] = [];
  for (const [third, moment] of MOMENTS.entries()) {
    await load.goesOnFor(20);
    // The trap is set first: whatever is due is booked at once.
    const killed = killAtCommit(stage, { ...moment, of: booksEnds }, () => loyalty.kill());
    ended.push(...(await endPoints(stage, third)));
    await killed;
    await loyalty.start();
    await loyalty.ready();
  }
  return ended;
}

/** A transaction that has booked lots that ended. */
function booksEnds({ statements }: Session): boolean {
  return statements.some((text) => text.includes('l.expires_at <= $3'));
}

/** What a year would do, done by the administrator at once, under the locks that purchases of these members take. */
async function endPoints(stage: Stage, third: number): Promise<EndedLot[]> {
  const client = await stage.connect();
  try {
    await client.query('begin');
    await client.query(
      `select pg_advisory_xact_lock(held.lock) from (
         select uuid_hash_extended(member_id, 0) as lock from loyalty.account where ${isInThird} order by 1) held`,
      [third],
    );
    const { rows } = await client.query<EndedLot>(
      `with ended as (
         update loyalty.lot set expires_at = now() - interval '1 hour' where remaining > 0 and ${isInThird}
         returning lot_id, member_id, programme_id, remaining
       ), due as (
         update loyalty.account a set next_expiry_at = now() - interval '1 hour'
         from (select distinct member_id, programme_id from ended) e
         where (a.member_id, a.programme_id) = (e.member_id, e.programme_id)
       )
       select lot_id as "lotId", remaining::float8 as remaining from ended`,
      [third],
    );
    await client.query('commit');
    stage.say(`${rows.length} lots end`);
    return rows;
  } finally {
    await client.end();
  }
}

const isInThird = `mod(abs(hashtext(member_id::text)), 3) = $1::integer`;

/** Waits until nothing of it is due any more; what is not is seen by the inspection. */
async function allIsBooked(stage: Stage): Promise<void> {
  const nothingDue = async () => {
    const sql = 'select count(*)::integer as due from loyalty.account where next_expiry_at <= now()';
    return (await stage.query<{ due: number }>(sql))[0]?.due === 0;
  };
  await stage.until('the end of all points being booked', nothingDue, BOOKED_WITHIN_MS).catch(() => undefined);
}

async function inspect(stage: Stage, ended: readonly EndedLot[]): Promise<void> {
  const booked = await stage.query<{ lotId: string; times: number; points: number; left: number }>(
    `select l.lot_id as "lotId", count(e.entry_id)::integer as times, coalesce(-sum(e.points), 0)::float8 as points,
       l.remaining::float8 as left
     from loyalty.lot l left join loyalty.entry e on e.source_id = l.lot_id and e.kind = 'expire'
     where l.lot_id = any($1::uuid[]) group by l.lot_id, l.remaining`,
    [ended.map(({ lotId }) => lotId)],
  );
  const found = new Map(booked.map((lot) => [lot.lotId, lot]));
  for (const { lotId, remaining } of ended) {
    const lot = found.get(lotId);
    const isOnce = lot?.times === 1 && lot.points === remaining && lot.left === 0;
    const what = `lot ${lotId} of ${remaining}: ${lot?.times ?? 0} times, ${lot?.points ?? 0} points, ${lot?.left} left`;
    stage.expect(isOnce, 'a lot that ended is booked exactly once', what);
  }
  stage.say(`${booked.length} lots were booked`);
}
