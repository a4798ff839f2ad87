import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { chainBegins, chained } from './chain.js';
import { isOnlyTried } from './dry-run.js';

/** Adds the chain of hashes to a `configuration_log` and makes it append-only. */
const chain = [
  // What is hashed can be reckoned again outside the database: see verifyConfiguration.
  `CREATE FUNCTION configuration_hash(previous bytea, entry bigint, at timestamptz, principal text, change text,
      record_id uuid, after json) RETURNS bytea STABLE LANGUAGE sql AS $$
    SELECT sha256(convert_to(concat_ws(E'\\n', encode(previous, 'hex'), entry,
      (extract(epoch FROM at) * 1000000)::bigint, principal, change, record_id, after), 'UTF8'))
  $$`,
  // One at a time until COMMIT, so that the order of entries is the order of commits and nobody chains to a lost entry.
  `CREATE FUNCTION chain_configuration() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    before record;
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(current_schema() || ' configuration log', 0));
    SELECT log.entry, log.hash INTO before FROM configuration_log log ORDER BY log.entry DESC LIMIT 1;
    NEW.entry := coalesce(before.entry, 0) + 1;
    NEW.hash := configuration_hash(coalesce(before.hash, ''), NEW.entry, NEW.at, NEW.principal, NEW.change,
      NEW.record_id, NEW.after);
    RETURN NEW;
  END $$`,
  `CREATE TRIGGER chained BEFORE INSERT ON configuration_log FOR EACH ROW EXECUTE FUNCTION chain_configuration()`,
];

const appendOnly = [
  `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
  END $$`,
  `CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON configuration_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
];

/** Statements for a migration of a service that has configuration. */
export const configurationTables: {
  /** Makes the log. */
  readonly up: readonly string[];
  readonly down: readonly string[];
  /** Chains a log that was there before chains were. */
  readonly chainExisting: readonly string[];
} = {
  up: [
    `CREATE TABLE configuration_log (
      entry bigint PRIMARY KEY,
      at timestamptz NOT NULL,
      principal text NOT NULL,
      change text NOT NULL,
      record_id uuid NOT NULL,
      after json NOT NULL,
      hash bytea NOT NULL
    )`,
    'CREATE INDEX configuration_log_of_record ON configuration_log (record_id, entry)',
    ...appendOnly,
    ...chain,
  ],
  down: [
    'DROP TABLE configuration_log',
    'DROP FUNCTION chain_configuration',
    'DROP FUNCTION configuration_hash',
    'DROP FUNCTION refuse_change',
  ],
  chainExisting: [
    'ALTER TABLE configuration_log ADD COLUMN hash bytea',
    'ALTER TABLE configuration_log ALTER COLUMN entry DROP IDENTITY',
    ...chain.slice(0, 1),
    'ALTER TABLE configuration_log DISABLE TRIGGER append_only',
    `DO $$
    DECLARE
      one record;
      previous bytea := '';
    BEGIN
      FOR one IN SELECT * FROM configuration_log ORDER BY entry LOOP
        previous := configuration_hash(previous, one.entry, one.at, one.principal, one.change, one.record_id, one.after);
        UPDATE configuration_log SET hash = previous WHERE entry = one.entry;
      END LOOP;
    END $$`,
    'ALTER TABLE configuration_log ENABLE TRIGGER append_only',
    'ALTER TABLE configuration_log ALTER COLUMN hash SET NOT NULL',
    ...chain.slice(1),
  ],
};

/** Who changed what. */
export interface ConfigurationChange {
  readonly at: Date;
  /** Subject of the principal. */
  readonly principal: string;
  /** What was done, such as `till-key-revoked`. */
  readonly change: string;
  /** UUID of the record that changed. */
  readonly recordId: string;
  /** The record as it then stands, without personal data. */
  readonly after: object;
}

const anchor = new Logger('configuration');

/**
 * Notes a change of configuration in the owner's transaction (requirement O4). The entry and its hash also go to the log
 * of the process, outside the database: whoever writes the table anew cannot make both agree. Where a transaction rolls
 * back, the last line of an entry is the one that counts. A dry run leaves no line.
 */
export async function logConfiguration(tx: EntityManager, change: ConfigurationChange): Promise<void> {
  const [row] = await tx.query<{ entry: number; hash: Buffer }[]>(
    `INSERT INTO configuration_log (at, principal, change, record_id, after) VALUES ($1, $2, $3, $4, $5)
     RETURNING entry, hash`,
    [change.at, change.principal, change.change, change.recordId, JSON.stringify(change.after)],
  );
  if (isOnlyTried(tx)) return;
  anchor.log({ entry: row?.entry, hash: row?.hash.toString('hex'), change: change.change }, 'configuration changed');
}

/** Which changes are wanted; what is undefined does not narrow the list. */
export interface ChangesWanted {
  readonly principal?: string | undefined;
  readonly recordId?: string | undefined;
  readonly change?: string | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
  readonly beforeEntry?: number | undefined;
  readonly limit: number;
}

/** A change as it stands in the log. */
export interface LoggedChange extends Omit<ConfigurationChange, 'after'> {
  readonly entry: number;
  readonly afterJson: string;
  readonly hash: Buffer;
}

/** Changes, newest first. */
export function configurationChanges(tx: EntityManager, wanted: ChangesWanted): Promise<LoggedChange[]> {
  return tx.query(
    `SELECT entry, at, principal, change, record_id AS "recordId", after::text AS "afterJson", hash FROM configuration_log
     WHERE ($1::text IS NULL OR principal = $1) AND ($2::uuid IS NULL OR record_id = $2)
       AND ($3::text IS NULL OR change = $3) AND ($4::timestamptz IS NULL OR at >= $4)
       AND ($5::timestamptz IS NULL OR at < $5) AND ($6::bigint IS NULL OR entry < $6)
     ORDER BY entry DESC LIMIT $7`,
    [wanted.principal, wanted.recordId, wanted.change, wanted.from, wanted.until, wanted.beforeEntry, wanted.limit],
  );
}

/** What a look at the whole chain found. */
export interface ChainFound {
  readonly entries: number;
  readonly headEntry: number;
  readonly headHash: Buffer;
  /** The first entry whose hash is not what it has to be; 0 when all are right. */
  readonly brokenEntry: number;
}

interface Link {
  entry: number;
  content: string;
  hash: Buffer;
}

const PAGE = 1_000;

/** Reckons the chain again, in this process and not in the database that it is to be proved of. */
export async function verifyConfiguration(tx: EntityManager): Promise<ChainFound> {
  let [entries, headEntry, headHash]: [number, number, Buffer] = [0, 0, chainBegins];
  for (;;) {
    const links = await tx.query<Link[]>(
      `SELECT entry, hash, concat_ws(E'\\n', entry, (extract(epoch FROM at) * 1000000)::bigint, principal, change,
         record_id, after) AS content
       FROM configuration_log WHERE entry > $1 ORDER BY entry LIMIT ${PAGE}`,
      [headEntry],
    );
    for (const { entry, content, hash } of links) {
      if (!chained(headHash, content).equals(hash)) return { entries, headEntry, headHash, brokenEntry: entry };
      [entries, headEntry, headHash] = [entries + 1, entry, hash];
    }
    if (links.length < PAGE) return { entries, headEntry, headHash, brokenEntry: 0 };
  }
}
