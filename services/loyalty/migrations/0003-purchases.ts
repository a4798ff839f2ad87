import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Purchases with their receipt claims, idempotency, what is kept for later, and the read under the members' locks. */
export class Purchases0000000000003 implements MigrationInterface {
  readonly name = 'Purchases0000000000003';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [...tables, holdMembers, holdPurchases]) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION hold_purchases`);
    await runner.query(`DROP FUNCTION hold_members`);
    await runner.query(`DROP TABLE purchase_hold, receipt_conflict, refund, pending_purchase, idempotency, purchase`);
    await runner.query(`DROP FUNCTION purchase_add_months(integer, integer)`);
  }
}

// Receipt numbers and keys are compared byte by byte: that is what "the same" means for them, and it is cheaper.
const tables = [
  // The purchase carries the receipt claim: its primary key. `fingerprint` is of what was bought and by whom, without the
  // receipt's identity and without the time; `rung_at` stands beside it. lines: [[sku, name, category, quantityMilli,
  // amountMinor], …], payments: [[type, amountMinor], …]. `refunded` sums what was given back, [[quantityMilli,
  // amountMinor], …] by line; `refunded_uncredited` is what of it was given back before any points were booked.
  // Partitions go when their business dates can neither be posted nor refunded any more.
  `CREATE TABLE purchase (
    programme_id uuid NOT NULL,
    store_id uuid NOT NULL,
    till_id uuid NOT NULL,
    business_date date NOT NULL,
    receipt_number text COLLATE "C" NOT NULL,
    purchase_id uuid NOT NULL,
    fingerprint bytea NOT NULL,
    rung_at timestamptz NOT NULL,
    rung_at_offset_minutes smallint NOT NULL,
    state text NOT NULL,
    member_id uuid,
    programme_version integer NOT NULL,
    total_minor bigint NOT NULL,
    channel text NOT NULL,
    party_size integer NOT NULL,
    lines json NOT NULL,
    payments json NOT NULL,
    result json NOT NULL,
    posted_at timestamptz NOT NULL,
    refunded json,
    refunded_uncredited json,
    CONSTRAINT purchase_claim PRIMARY KEY (programme_id, store_id, till_id, business_date, receipt_number)
  ) PARTITION BY RANGE (business_date)`,
  `CREATE FUNCTION purchase_add_months(back integer, ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
    DECLARE
      month date;
      name text;
      added integer := 0;
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended(current_schema || ' purchase months', 0));
      FOR month IN SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => n))::date
                   FROM generate_series(-back, ahead) n LOOP
        name := 'purchase_' || to_char(month, 'YYYYMM');
        IF to_regclass(format('%I.%I', current_schema, name)) IS NULL THEN
          EXECUTE format('CREATE TABLE %I (LIKE purchase INCLUDING DEFAULTS INCLUDING STORAGE)', name);
          EXECUTE format('ALTER TABLE purchase ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, month,
            month + interval '1 month');
          added := added + 1;
        END IF;
      END LOOP;
      RETURN added;
    END $$`,
  `SELECT purchase_add_months(15, 3)`,

  `CREATE TABLE idempotency (
    caller text COLLATE "C" NOT NULL,
    route text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    result json NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (caller, route, key)
  )`,
  // Keys are forgotten by age; the rows lie in that order, so ranges of blocks find them and cost no index entry each.
  `CREATE INDEX idempotency_age ON idempotency USING brin (created_at)`,

  // Purchases whose member is not known yet: work with a due time.
  `CREATE TABLE pending_purchase (
    purchase_id uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    store_id uuid NOT NULL,
    till_id uuid NOT NULL,
    business_date date NOT NULL,
    receipt_number text COLLATE "C" NOT NULL,
    told_member text COLLATE "C" NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    lease_until timestamptz,
    lease_token uuid
  )`,
  `CREATE INDEX pending_purchase_due ON pending_purchase (due_at)`,
  `CREATE INDEX pending_purchase_told ON pending_purchase (told_member)`,

  // Refunds by their own receipt. lines: [[line, quantityMilli, amountMinor], …], empty for the whole purchase. A refund
  // that came before its purchase waits: work with a due time.
  `CREATE TABLE refund (
    programme_id uuid NOT NULL,
    store_id uuid NOT NULL,
    till_id uuid NOT NULL,
    business_date date NOT NULL,
    receipt_number text COLLATE "C" NOT NULL,
    refund_id uuid NOT NULL,
    fingerprint bytea NOT NULL,
    rung_at timestamptz NOT NULL,
    purchase_store_id uuid NOT NULL,
    purchase_till_id uuid NOT NULL,
    purchase_business_date date NOT NULL,
    purchase_receipt_number text COLLATE "C" NOT NULL,
    lines json NOT NULL,
    state text NOT NULL,
    result json NOT NULL,
    posted_at timestamptz NOT NULL,
    due_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    lease_until timestamptz,
    PRIMARY KEY (programme_id, store_id, till_id, business_date, receipt_number)
  )`,
  `CREATE INDEX refund_waiting ON refund (programme_id, purchase_store_id, purchase_till_id, purchase_business_date,
    purchase_receipt_number) WHERE state = 'waiting'`,
  `CREATE INDEX refund_due ON refund (due_at) WHERE state = 'waiting'`,

  // The same receipt with another body: kept for reconciliation, never credited.
  `CREATE TABLE receipt_conflict (
    programme_id uuid NOT NULL,
    store_id uuid NOT NULL,
    till_id uuid NOT NULL,
    business_date date NOT NULL,
    receipt_number text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    fingerprint bytea NOT NULL,
    body json NOT NULL,
    posted_at timestamptz NOT NULL,
    PRIMARY KEY (programme_id, store_id, till_id, business_date, receipt_number, kind, fingerprint)
  )`,

  // Purchases that a person has to look at before anything is credited.
  `CREATE TABLE purchase_hold (
    purchase_id uuid PRIMARY KEY,
    twin_purchase_id uuid NOT NULL,
    programme_id uuid NOT NULL,
    store_id uuid NOT NULL,
    till_id uuid NOT NULL,
    business_date date NOT NULL,
    receipt_number text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    held_at timestamptz NOT NULL
  )`,
];

/**
 * Round trip one of a batch. The first statement finds the members and locks them, sorted, before the transaction writes
 * anything; the second begins after the locks are held, so its snapshot shows everything that earlier holders committed.
 * One row for each item, in order. A row whose member was merged meanwhile (merged_into is told) is not locked under its
 * new member: the batch rolls back and runs again, which finds the new one.
 *
 * Plan relied upon (lanes force it): nested loops over unnest with the primary keys of member, account, member_day,
 * purchase and idempotency. `first_day` and `last_day` leave out the partitions that no item needs when the plan starts;
 * LIMIT 1 keeps every look-up a probe of its index.
 */
const holdMembers = `
CREATE FUNCTION hold_members(
  programmes uuid[], stores uuid[], tills uuid[], dates date[], numbers text[], fingerprints bytea[],
  route text, callers text[], keys text[], member_ids uuid[], member_numbers text[], code_tokens bytea[],
  tier_froms date[], month_firsts date[], month_lasts date[]
) RETURNS TABLE (
  revision bigint, member_id uuid, known boolean, gone boolean, merged_into uuid,
  balance bigint, debt bigint, member_seq bigint, posted_ms bigint, next_expiry_ms bigint,
  day_points bigint, month_points bigint, spent_minor bigint,
  claim_id uuid, claim_fingerprint bytea, claim_rung_ms bigint, claim_offset smallint, claim_result json,
  key_fingerprint bytea, key_result json, twin_id uuid, twin_rung_ms bigint, refund_waits boolean
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  resolved uuid[];
  now_at bigint;
  first_day date := (SELECT min(d) FROM unnest(dates) d) - 1;
  last_day date := (SELECT max(d) FROM unnest(dates) d) + 1;
BEGIN
  SELECT array_agg(coalesce(
      (SELECT coalesce(m.merged_into, m.member_id) FROM member m WHERE m.member_id = r.member_id),
      (SELECT coalesce(m.merged_into, m.member_id) FROM member m WHERE m.number = r.member_number),
      (SELECT coalesce(m.merged_into, m.member_id) FROM member m WHERE m.code_token_sha256 = r.code_token),
      r.member_id) ORDER BY r.item)
    INTO resolved
    FROM unnest(member_ids, member_numbers, code_tokens) WITH ORDINALITY r (member_id, member_number, code_token, item);
  PERFORM pg_advisory_xact_lock(held.lock)
    FROM (SELECT DISTINCT uuid_hash_extended(m, 0) AS lock FROM unnest(resolved) m WHERE m IS NOT NULL ORDER BY 1) held;
  SELECT v.revision INTO now_at FROM reference_revision v;

  RETURN QUERY
  SELECT now_at, r.member_id, m.member_id IS NOT NULL, m.gone_at IS NOT NULL, m.merged_into,
    a.balance, a.debt, a.member_seq,
    (date_part('epoch', a.posted_at) * 1000)::bigint, (date_part('epoch', a.next_expiry_at) * 1000)::bigint,
    d.day_points, d.month_points, d.spent_minor,
    p.purchase_id, p.fingerprint, (date_part('epoch', p.rung_at) * 1000)::bigint, p.rung_at_offset_minutes, p.result,
    i.fingerprint, i.result, t.purchase_id, t.rung_ms,
    EXISTS (SELECT FROM refund f WHERE f.state = 'waiting' AND f.programme_id = r.programme_id
      AND f.purchase_store_id = r.store_id AND f.purchase_till_id = r.till_id
      AND f.purchase_business_date = r.business_date AND f.purchase_receipt_number = r.receipt_number)
  FROM unnest(programmes, stores, tills, dates, numbers, fingerprints, callers, keys, resolved, tier_froms,
      month_firsts, month_lasts)
    WITH ORDINALITY r (programme_id, store_id, till_id, business_date, receipt_number, fingerprint, caller, key,
      member_id, tier_from, month_first, month_last, item)
  LEFT JOIN member m ON m.member_id = r.member_id
  LEFT JOIN account a ON a.member_id = r.member_id AND a.programme_id = r.programme_id
  LEFT JOIN LATERAL (
    SELECT sum(d.points) FILTER (WHERE d.business_date = r.business_date)::bigint AS day_points,
      sum(d.points) FILTER (WHERE d.business_date BETWEEN r.month_first AND r.month_last)::bigint AS month_points,
      sum(d.spent_minor)::bigint AS spent_minor
    FROM member_day d
    WHERE d.member_id = r.member_id AND d.programme_id = r.programme_id AND d.business_date > r.tier_from
  ) d ON true
  LEFT JOIN LATERAL (
    SELECT * FROM purchase p
    WHERE p.programme_id = r.programme_id AND p.store_id = r.store_id AND p.till_id = r.till_id
      AND p.business_date = r.business_date AND p.receipt_number = r.receipt_number
      AND p.business_date BETWEEN first_day AND last_day
    LIMIT 1
  ) p ON true
  LEFT JOIN LATERAL (
    SELECT * FROM idempotency i WHERE i.caller = r.caller AND i.route = hold_members.route AND i.key = r.key LIMIT 1
  ) i ON true
  LEFT JOIN LATERAL (
    SELECT n.purchase_id, (date_part('epoch', n.rung_at) * 1000)::bigint AS rung_ms
    FROM purchase n
    WHERE p.purchase_id IS NULL AND n.programme_id = r.programme_id AND n.store_id = r.store_id
      AND n.till_id = r.till_id AND n.receipt_number = r.receipt_number AND n.fingerprint = r.fingerprint
      AND n.business_date = ANY (ARRAY[r.business_date - 1, r.business_date + 1])
      AND n.business_date BETWEEN first_day AND last_day
    LIMIT 1
  ) t ON true
  ORDER BY r.item;
END $$`;

/**
 * Round trip one of a batch of refunds, as hold_members is of purchases: the members are those who were credited. Then
 * the purchases are locked, sorted, because one that nobody was credited for has no member to lock. A row whose
 * `locked_member` is another than its `member_id` was credited meanwhile: the batch rolls back and runs again.
 */
const holdPurchases = `
CREATE FUNCTION hold_purchases(
  programmes uuid[], stores uuid[], tills uuid[], dates date[], numbers text[],
  purchase_stores uuid[], purchase_tills uuid[], purchase_dates date[], purchase_numbers text[],
  callers text[], keys text[]
) RETURNS TABLE (
  revision bigint, locked_member uuid, member_id uuid,
  balance bigint, debt bigint, member_seq bigint, posted_ms bigint, next_expiry_ms bigint,
  purchase_id uuid, state text, programme_version integer, total_minor bigint, lines json, payments json,
  refunded json, refunded_uncredited json, result json,
  lot_points bigint, lot_remaining bigint, lot_expired bigint, lot_expires_ms bigint,
  refund_id uuid, refund_fingerprint bytea, refund_result json, key_fingerprint bytea, key_result json
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  locked uuid[];
  now_at bigint;
  first_day date := (SELECT min(d) FROM unnest(purchase_dates) d);
  last_day date := (SELECT max(d) FROM unnest(purchase_dates) d);
BEGIN
  SELECT array_agg(p.member_id ORDER BY r.item) INTO locked
    FROM unnest(programmes, purchase_stores, purchase_tills, purchase_dates, purchase_numbers)
      WITH ORDINALITY r (programme_id, store_id, till_id, business_date, receipt_number, item)
    LEFT JOIN LATERAL (
      SELECT coalesce(m.merged_into, m.member_id, p.member_id) AS member_id
      FROM purchase p LEFT JOIN member m ON m.member_id = p.member_id
      WHERE p.programme_id = r.programme_id AND p.store_id = r.store_id AND p.till_id = r.till_id
        AND p.business_date = r.business_date AND p.receipt_number = r.receipt_number
        AND p.business_date BETWEEN first_day AND last_day
      LIMIT 1
    ) p ON true;
  PERFORM pg_advisory_xact_lock(held.lock)
    FROM (SELECT DISTINCT uuid_hash_extended(m, 0) AS lock FROM unnest(locked) m WHERE m IS NOT NULL ORDER BY 1) held;
  PERFORM FROM (
      SELECT DISTINCT * FROM unnest(programmes, purchase_stores, purchase_tills, purchase_dates, purchase_numbers)
        r (programme_id, store_id, till_id, business_date, receipt_number) ORDER BY 1, 2, 3, 4, 5
    ) r
    CROSS JOIN LATERAL (
      SELECT FROM purchase p
      WHERE p.programme_id = r.programme_id AND p.store_id = r.store_id AND p.till_id = r.till_id
        AND p.business_date = r.business_date AND p.receipt_number = r.receipt_number
        AND p.business_date BETWEEN first_day AND last_day
      FOR UPDATE
    ) p;
  SELECT v.revision INTO now_at FROM reference_revision v;

  RETURN QUERY
  SELECT now_at, r.locked_member, coalesce(m.merged_into, m.member_id, p.member_id),
    a.balance, a.debt, a.member_seq,
    (date_part('epoch', a.posted_at) * 1000)::bigint, (date_part('epoch', a.next_expiry_at) * 1000)::bigint,
    p.purchase_id, p.state, p.programme_version, p.total_minor, p.lines, p.payments, p.refunded, p.refunded_uncredited,
    p.result, l.points, l.remaining, l.expired, (date_part('epoch', l.expires_at) * 1000)::bigint,
    f.refund_id, f.fingerprint, f.result, i.fingerprint, i.result
  FROM unnest(programmes, stores, tills, dates, numbers, purchase_stores, purchase_tills, purchase_dates,
      purchase_numbers, callers, keys, locked)
    WITH ORDINALITY r (programme_id, store_id, till_id, business_date, receipt_number, purchase_store_id,
      purchase_till_id, purchase_date, purchase_number, caller, key, locked_member, item)
  LEFT JOIN LATERAL (
    SELECT * FROM purchase p
    WHERE p.programme_id = r.programme_id AND p.store_id = r.purchase_store_id AND p.till_id = r.purchase_till_id
      AND p.business_date = r.purchase_date AND p.receipt_number = r.purchase_number
      AND p.business_date BETWEEN first_day AND last_day
    LIMIT 1
  ) p ON true
  LEFT JOIN member m ON m.member_id = p.member_id
  LEFT JOIN account a ON a.member_id = r.locked_member AND a.programme_id = r.programme_id
  LEFT JOIN lot l ON l.member_id = r.locked_member AND l.programme_id = r.programme_id AND l.lot_id = p.purchase_id
  LEFT JOIN LATERAL (
    SELECT * FROM refund f
    WHERE f.programme_id = r.programme_id AND f.store_id = r.store_id AND f.till_id = r.till_id
      AND f.business_date = r.business_date AND f.receipt_number = r.receipt_number
    LIMIT 1
  ) f ON true
  LEFT JOIN LATERAL (
    SELECT * FROM idempotency i WHERE i.caller = r.caller AND i.route = 'refund' AND i.key = r.key LIMIT 1
  ) i ON true
  ORDER BY r.item;
END $$`;
