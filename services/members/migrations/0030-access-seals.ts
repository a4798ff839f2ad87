import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Seals over the log of reads (requirement M6): each holds a hash over the lines since the seal before and over its hash.
 *
 * Who writes lines holds a lock with all other writers until COMMIT, taken before entries are numbered; who seals takes it
 * alone for a moment. So no line can be committed later below a number that was read under that lock.
 */
export class AccessSeals implements MigrationInterface {
  readonly name = 'AccessSeals0000000000030';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER write_together ON access_log');
    await runner.query('DROP FUNCTION write_accesses_together');
    await runner.query('DROP TABLE access_seal');
  }
}

const statements = [
  `CREATE TABLE access_seal (
    seal bigint PRIMARY KEY,
    through_entry bigint NOT NULL UNIQUE,
    lines integer NOT NULL,
    sealed_at timestamptz NOT NULL,
    hash bytea NOT NULL
  )`,
  `CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_seal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
  `CREATE FUNCTION write_accesses_together() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(current_schema() || ' access log', 0));
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER write_together BEFORE INSERT ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION write_accesses_together()`,
];
