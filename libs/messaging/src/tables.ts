/**
 * Statements for a service's first migration: `for (const sql of messagingTables.up) await runner.query(sql)`.
 *
 * `outbox` is insert-only and cut into days by `created_at` (UTC). Its first five columns are named as Debezium's outbox
 * router expects them. `ord` numbers rows as they are written, `xid` tells by which transaction; `generation` grows when the
 * data is restored into another cluster. `messagingOrder` has to follow.
 */
export const messagingTables: { readonly up: readonly string[]; readonly down: readonly string[] } = {
  up: [
    `create table outbox (
      id uuid not null,
      aggregatetype text not null,
      aggregateid text not null,
      type text not null,
      payload json not null,
      subject text,
      traceparent text,
      member_seq bigint,
      occurred_at timestamptz,
      created_at timestamptz not null default now(),
      generation integer not null default 1,
      xid xid8 not null default pg_current_xact_id(),
      ord bigint generated always as identity
    ) partition by range (created_at)`,
    `create index outbox_position on outbox (generation, xid, ord)`,

    `create table relay_cursor (
      only_row boolean primary key default true check (only_row),
      epoch bigint not null default 0,
      generation integer not null default 1,
      xid xid8 not null default '0',
      ord bigint not null default 0,
      current_generation integer not null default 1,
      system_identifier bigint not null
    )`,
    `insert into relay_cursor (system_identifier) select system_identifier from pg_control_system()`,

    // Attaching a table made apart takes no lock that stops writers; CREATE … PARTITION OF would.
    `create function outbox_add_days(ahead integer) returns integer language plpgsql as $$
    declare
      day date;
      name text;
      added integer := 0;
    begin
      perform pg_advisory_xact_lock(hashtextextended(current_schema || ' outbox days', 0));
      for day in select generate_series(-1, ahead) + (now() at time zone 'UTC')::date loop
        name := 'outbox_' || to_char(day, 'YYYYMMDD');
        if to_regclass(format('%I.%I', current_schema, name)) is null then
          execute format('create table %I (like outbox including defaults including storage)', name);
          execute format('alter table outbox attach partition %I for values from (%L) to (%L)', name,
            day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
          added := added + 1;
        end if;
      end loop;
      return added;
    end $$`,
    `select outbox_add_days(7)`,

    `create table consumer_offset (
      group_id text not null,
      topic text not null,
      partition integer not null,
      next_offset bigint not null,
      primary key (group_id, topic, partition)
    )`,
    `create table parked_key (
      group_id text not null,
      topic text not null,
      key text not null,
      parked_at timestamptz not null default now(),
      reason text not null,
      primary key (group_id, topic, key)
    )`,
    `create table parked_event (
      group_id text not null,
      topic text not null,
      key text not null,
      partition integer not null,
      record_offset bigint not null,
      headers json not null,
      value bytea,
      ord bigint generated always as identity,
      primary key (group_id, topic, key, partition, record_offset),
      foreign key (group_id, topic, key) references parked_key on delete cascade
    )`,
  ],
  down: [
    'drop table parked_event',
    'drop table parked_key',
    'drop table consumer_offset',
    'drop function outbox_add_days(integer)',
    'drop table relay_cursor',
    'drop table outbox',
  ],
};

/**
 * Statements for the migration after `messagingTables`: the relay goes by `ord` alone. They wait until whoever writes
 * events has ended and keep others waiting, so that what is not published yet is known exactly.
 */
export const messagingOrder: { readonly up: readonly string[]; readonly down: readonly string[] } = {
  up: [
    `create index outbox_ord on outbox (ord)`,
    `alter table relay_cursor add through_ord bigint`,
    `update relay_cursor as cursor set through_ord = coalesce(
       (select min(ord) - 1 from outbox
        where (generation, xid, ord) > (cursor.generation, cursor.xid, cursor.ord)),
       (select max(ord) from outbox), 0)`,
    `alter table relay_cursor alter through_ord set not null, alter through_ord set default 0`,
    `drop index outbox_position`,
  ],
  down: [
    `create index outbox_position on outbox (generation, xid, ord)`,
    `alter table relay_cursor drop column through_ord`,
    `drop index outbox_ord`,
  ],
};
