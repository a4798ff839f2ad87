/** A connection of its own, not a pool: the checks share a transaction. */
export interface DatabaseClient {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as pg's client has it
  query<Row>(sql: string, values?: unknown[]): Promise<{ rows: Row[] }>;
}

/** A promise about stored rows. */
export interface StoredInvariant {
  readonly rule: string;
  /** Answers a row `what` for every case that breaks it; aggregates, so that nothing but the cases leaves the database. */
  readonly sql: string;
}

/** What became of one invariant. */
export interface Checked {
  readonly rule: string;
  /** Undefined where a table that it reads is out of reach. */
  readonly broken: number | undefined;
  /** The first of the cases. */
  readonly cases: readonly string[];
  readonly seconds: number;
}

/** An event `o` of loyalty's outbox that notifications writes about. */
export const isWorthAMessage = `o.type = 'regulars.loyalty.v1.PointsEarned' and (o.payload ->> 'points')::bigint > 0`;

/** How many cases are shown of each broken promise. */
const SHOWN = 20;

/**
 * A consumer may be behind; what is younger than this is not expected there yet. A scenario waits until everything has
 * come to rest and asks with 0.
 */
export const SETTLED_AFTER = '60 seconds';

const perMember = `(select member_id, programme_id, count(*) as entries, sum(points) as points, min(member_seq) as first,
    max(member_seq) as last from loyalty.entry group by 1, 2)`;

/** The stored invariants (requirements L1, L2, L4, L5, O2, N6), for a running installation and after each scenario. */
export const storedInvariants: readonly StoredInvariant[] = [
  {
    rule: 'a balance is the sum of its entries',
    sql: `select format('member %s: balance %s, entries %s', coalesce(a.member_id, e.member_id), a.balance, e.points) as what
      from loyalty.account a full join ${perMember} e using (member_id, programme_id)
      where a.balance is distinct from coalesce(e.points, 0)`,
  },
  {
    rule: 'a balance is what its lots have left, less debts',
    sql: `select format('member %s: balance %s, lots %s, debt %s', coalesce(a.member_id, l.member_id), a.balance,
        coalesce(l.remaining, 0), a.debt) as what
      from loyalty.account a
      full join (select member_id, programme_id, sum(remaining) as remaining from loyalty.lot group by 1, 2) l
        using (member_id, programme_id)
      where a.balance is distinct from coalesce(l.remaining, 0) - coalesce(a.debt, 0)`,
  },
  {
    rule: 'member_seq has no gap',
    sql: `select format('member %s: %s entries from %s to %s, account at %s', coalesce(a.member_id, e.member_id), e.entries,
        e.first, e.last, a.member_seq) as what
      from loyalty.account a full join ${perMember} e using (member_id, programme_id)
      where coalesce(a.member_seq, -1) <> coalesce(e.entries, 0) or e.first <> 1 or e.last <> e.entries`,
  },
  {
    rule: 'balance_after follows from the entry before',
    sql: `select format('entry %s: %s after %s with %s', entry_id, balance_after, before, points) as what
      from (select entry_id, points, balance_after,
          lag(balance_after, 1, 0::bigint) over (partition by member_id, programme_id order by member_seq) as before
        from loyalty.entry) e
      where balance_after <> before + points`,
  },
  {
    rule: 'a purchase is credited at most once',
    sql: `select format('purchase %s: %s credits', source_id, count(*)) as what
      from loyalty.entry where kind = 'earn' group by source_id having count(*) > 1`,
  },
  {
    rule: 'a purchase has one receipt',
    sql: `select format('purchase %s: %s receipts', purchase_id, count(*)) as what
      from loyalty.purchase group by purchase_id having count(*) > 1`,
  },
  {
    rule: 'a purchase is credited exactly when it says so',
    // Purchases are kept by month of business date; entries outlive them.
    sql: `select format('purchase %s: state %s, entry %s', coalesce(p.purchase_id, e.source_id), p.state, e.entry_id) as what
      from loyalty.purchase p
      full join (select source_id, entry_id, member_id from loyalty.entry where kind = 'earn'
          and business_date >= (select to_date(right(min(c.relname), 6), 'YYYYMM')
            from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'loyalty.purchase'::regclass)) e
        on e.source_id = p.purchase_id
      where (p.state = 'credited') is distinct from (e.entry_id is not null)
        or (e.entry_id is not null and p.member_id is distinct from e.member_id)`,
  },
  {
    rule: 'points earned are a lot',
    // Earned, given by hand or brought in; or made good when a merge was undone. A lot is with whose entry it is, unless a
    // merge moved it, or the end of one gave it to the other because she had bought meanwhile.
    sql: `with recursive source as not materialized (
        select entry_id as lot_id, member_id, points, posted_at from loyalty.entry
        where kind in ('earn', 'adjust', 'opening') and points > 0
        union all
        select l.lot_id, g.survivor_id, l.points, null from loyalty.lot l
        join loyalty.member_merge g on g.merge_id = l.made_good_in and g.state = 'undone'
      ), way (lot_id, member_id, posted_at) as (
        select s.lot_id, s.member_id, s.posted_at
        from source s join loyalty.lot l on l.lot_id = s.lot_id and l.member_id <> s.member_id
        union
        select w.lot_id, case g.merged_id when w.member_id then g.survivor_id else g.merged_id end, w.posted_at
        from way w join loyalty.member_merge g on (g.merged_id = w.member_id and g.state in ('booked', 'undone'))
          or (g.survivor_id = w.member_id and g.state = 'undone' and w.posted_at between g.booked_at and g.undone_at)
      )
      select format('entry %s: %s points, lot of %s', coalesce(s.lot_id, l.lot_id), s.points, l.points) as what
      from source s
      full join loyalty.lot l on l.lot_id = s.lot_id
      left join loyalty.member m on m.member_id = l.member_id
      where s.points is distinct from l.points or m.merged_into is not null
        or (s.member_id <> l.member_id
          and not exists (select from way w where w.lot_id = l.lot_id and w.member_id = l.member_id))`,
  },
  {
    rule: 'what is kept for later is due or held',
    sql: `select format('purchase %s: state %s', p.purchase_id, p.state) as what
      from loyalty.purchase p
      left join loyalty.pending_purchase w on w.purchase_id = p.purchase_id
      left join loyalty.purchase_hold h on h.purchase_id = p.purchase_id
      where (p.state = 'held') <> (h.purchase_id is not null)
        or (w.purchase_id is not null and p.state <> 'pending')`,
  },
  {
    rule: 'a key answers for a purchase that is stored',
    sql: `select format('purchase %s of a key', i.purchase_id) as what
      from (select (result ->> 'id')::uuid as purchase_id from loyalty.idempotency
        where route = 'purchase' and coalesce(result ->> 'id', '') <> '') i
      where not exists (select from loyalty.purchase p where p.purchase_id = i.purchase_id)`,
  },
  {
    rule: 'an entry has exactly one event, under its member and number',
    // The outbox keeps some days; entries older than its oldest row have had theirs. That a member is erased is told by
    // its owner: the entry that books her points away has no event.
    sql: `select format('entry %s: %s events', e.entry_id, count(distinct o.id)) as what
      from loyalty.entry e
      left join loyalty.outbox o on o.aggregatetype = 'regulars.loyalty.points.v1'
        and o.payload ->> 'entryId' = e.entry_id::text
      where e.posted_at > (select min(created_at) + interval '1 minute' from loyalty.outbox)
        or $1::interval = interval '0'
      group by e.entry_id, e.member_id, e.member_seq, e.kind
      having count(distinct o.id) <> case e.kind when 'erasure' then 0 else 1 end
        or bool_or(o.aggregateid <> e.member_id::text or o.member_seq is distinct from e.member_seq)`,
  },
  {
    rule: 'no event waits to be published',
    sql: `select format('%s events since %s', count(*), min(o.created_at)) as what
      from loyalty.outbox o, loyalty.relay_cursor c
      where o.ord > c.through_ord and o.created_at < now() - $1::interval
      having count(*) > 0`,
  },
  {
    rule: 'an event that earned points leads to one message',
    sql: `select format('event %s: %s messages', o.id, count(distinct m.message_id)) as what
      from loyalty.outbox o left join notifications.message m on m.cause_id = o.id
      where ${isWorthAMessage} and o.created_at <= now() - $1::interval
      group by o.id having count(distinct m.message_id) <> 1`,
  },
  {
    rule: 'a message is written once per cause, recipient and template',
    sql: `select format('cause %s: %s of %s', cause_id, count(*), template) as what
      from notifications.message group by cause_id, member_id, template having count(*) > 1`,
  },
  {
    rule: 'a member is asked about one visit a month',
    sql: `select format('member %s: %s and %s', member_id, before, due_at) as what
      from (select member_id, due_at, lag(due_at) over (partition by member_id order by due_at) as before
        from surveys.follow_up where state <> 'LAPSED') f
      where due_at - before < interval '29 days'`,
  },
  {
    rule: 'no key is parked',
    sql: `select format('%s of group %s: %s', key, group_id, reason) as what from (
        select group_id, key, reason from loyalty.parked_key
        union all select group_id, key, reason from notifications.parked_key
        union all select group_id, key, reason from surveys.parked_key) p`,
  },
];

/**
 * Checks invariants on one connection, in one read-only snapshot, so that a running installation is seen at one moment.
 *
 * @param settledAfter age from which events are expected to have arrived, such as `60 seconds`
 */
export async function checkStored(client: DatabaseClient, settledAfter = SETTLED_AFTER): Promise<Checked[]> {
  await client.query('begin isolation level repeatable read read only');
  try {
    return await checkEach(client, settledAfter);
  } finally {
    await client.query('rollback');
  }
}

/** The same inside the caller's transaction. */
export async function checkEach(client: DatabaseClient, settledAfter: string): Promise<Checked[]> {
  const { rows } = await client.query<{ name: string }>(
    `select table_schema || '.' || table_name as name from information_schema.tables
     where has_table_privilege(quote_ident(table_schema) || '.' || quote_ident(table_name), 'select')`,
  );
  const reachable = new Set(rows.map(({ name }) => name));
  const checked: Checked[] = [];
  for (const invariant of storedInvariants) {
    const isReachable = tablesOf(invariant).every((table) => reachable.has(table));
    checked.push(isReachable ? await check(client, invariant, settledAfter) : notChecked(invariant));
  }
  return checked;
}

/** The tables that an invariant reads: every name with a schema behind `from` or `join`. */
function tablesOf({ sql }: StoredInvariant): string[] {
  return [...sql.matchAll(/(?:from|join|,)\s+((?:loyalty|notifications|surveys)\.\w+)/g)].map(
    ([, name]) => name as string,
  );
}

async function check(client: DatabaseClient, { rule, sql }: StoredInvariant, settledAfter: string): Promise<Checked> {
  const from = performance.now();
  // A parameter that a statement does not use has no type; it is told here, for all.
  const { rows } = await client.query<{ what: string; broken: string }>(
    `select broken.what, count(*) over () as broken from (${sql}) broken where $1::interval is not null limit ${SHOWN}`,
    [settledAfter],
  );
  const seconds = (performance.now() - from) / 1_000;
  return { rule, broken: Number(rows[0]?.broken ?? 0), cases: rows.map(({ what }) => what), seconds };
}

function notChecked({ rule }: StoredInvariant): Checked {
  return { rule, broken: undefined, cases: [], seconds: 0 };
}
