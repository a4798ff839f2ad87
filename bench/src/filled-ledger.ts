import type { Platform } from '@regulars/tools';
import { withClient } from './yardstick.js';

/** Members who exist in the ledger alone, and what is due about them. */
export interface Filling {
  /** Ordinal of the first one, so that fillings never meet. */
  readonly from: number;
  readonly accounts: number;
  readonly entriesEach: number;
  /** `ended`: their points ended an hour ago. `review`: their tier is to be looked at. `nothing`: a history, no work. */
  readonly due: 'ended' | 'review' | 'nothing';
}

const AT_ONCE = 5_000;
const POINTS = 100;

/**
 * Writes accounts with a history of a year into loyalty's tables, with ids in the order of time as the service makes them.
 * Every other member has spent enough for the tier that is looked at.
 */
export async function fillLedger({ database, programmeId, tillKeys }: Platform, filling: Filling): Promise<void> {
  const [till] = tillKeys ?? [];
  if (!till) throw new Error('The platform is not seeded');
  const { accounts, from, entriesEach, due } = filling;
  await withClient(database.urls.loyalty, async (client) => {
    for (let first = from; first < from + accounts; first += AT_ONCE) {
      const last = Math.min(first + AT_ONCE, from + accounts) - 1;
      const who = [first, last, entriesEach, programmeId];
      await client.query('begin');
      await client.query(accountsSql(due), who);
      await client.query(entriesSql, [...who, till.storeId]);
      await client.query(lotsSql(due), who);
      if (due === 'nothing') await client.query(purchasesSql, [...who, till.storeId, till.tillId]);
      if (due === 'review') await client.query(daysSql, [first, last, programmeId]);
      await client.query('commit');
    }
    await client.query('analyze account, entry, lot, member_day, purchase');
  });
}

/** What identifies member `n`, and entry `k` of it: UUIDv7 by hand, a millisecond apart. */
const member = `(lpad(to_hex(1700000000000 + n), 12, '0') || '70008000' || substr(md5('m' || n), 1, 12))::uuid`;
const entry = `(lpad(to_hex(1750000000000 + n * $3::bigint + k), 12, '0') || '70008000' || substr(md5('e' || n || k), 1, 12))::uuid`;
const each = `generate_series($1::bigint, $2::bigint) n cross join generate_series(1, $3::bigint) k`;
const boughtOn = `(current_date - 30 - ((n * $3::bigint + k) % 335)::integer)`;

function accountsSql(due: Filling['due']): string {
  const ends =
    due === 'ended' ? `now() - interval '1 hour'` : due === 'nothing' ? `now() + interval '90 days'` : 'null';
  const kept = due === 'review';
  return `insert into account (member_id, programme_id, balance, debt, member_seq, posted_at, next_expiry_at, warned_until,
      tier, tier_since, tier_basis_on, tier_until, tier_stage, tier_due_on)
    select ${member}, $4, $3::bigint * ${POINTS}, 0, $3::bigint, now() - interval '30 days', ${ends}, ${ends},
      ${kept ? `'gold', current_date - 365, current_date - 365, current_date - 1, 'kept', current_date` : 'null, null, null, null, null, null'}
    from generate_series($1::bigint, $2::bigint) n`;
}

const entriesSql = `insert into entry (entry_id, member_id, programme_id, member_seq, kind, points, balance_after, source_id,
    store_id, business_date, posted_at, programme_version, explain)
  select ${entry}, ${member}, $4, k, 'earn', ${POINTS}, k * ${POINTS}, ${entry}, $5, ${boughtOn}, ${boughtOn}, 1,
    '[["counted",0,{"counted_minor":10000,"total_minor":10000}],["accrued",1000000,{"points":1,"per_minor":100}],["rounded",1000000,{"points":100}]]'
  from ${each}`;

function lotsSql(due: Filling['due']): string {
  const ends =
    due === 'ended' ? `now() - interval '1 hour'` : due === 'nothing' ? `now() + interval '90 days'` : 'null';
  return `insert into lot (lot_id, member_id, programme_id, points, remaining, expires_at)
    select ${entry}, ${member}, $4, ${POINTS}, ${POINTS}, ${ends} from ${each}`;
}

const purchasesSql = `insert into purchase (programme_id, store_id, till_id, business_date, receipt_number, purchase_id,
    fingerprint, rung_at, rung_at_offset_minutes, state, member_id, programme_version, total_minor, channel, party_size,
    lines, payments, result, posted_at)
  select $4, $5, $6, ${boughtOn}, 'F' || n || '-' || k, ${entry}, sha256(('f' || n || k)::bytea), ${boughtOn}, 480,
    'credited', ${member}, 1, 10000, 'dine-in', 2, '[["NOODLE-BEEF","招牌牛肉面","noodles",2000,10000]]',
    '[["wechat-pay",10000]]', json_build_object('id', ${entry}, 'points', ${POINTS}, 'balance', k * ${POINTS}), ${boughtOn}
  from ${each}`;

/** Every other one has what the tier asks for. */
const daysSql = `insert into member_day (member_id, programme_id, business_date, points, spent_minor)
  select ${member}, $3, current_date - 30, ${POINTS}, case when n % 2 = 0 then 200000 else 100 end
  from generate_series($1::bigint, $2::bigint) n`;
