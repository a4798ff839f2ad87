import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What members told so that they can be served well, sealed like everything personal (requirements M2, M6). */
export class Particulars implements MigrationInterface {
  readonly name = 'Particulars0000000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE particulars (
      member_id uuid PRIMARY KEY REFERENCES member,
      version bigint NOT NULL,
      serving_sealed bytea NOT NULL,
      private_sealed bytea NOT NULL,
      changed_at timestamptz NOT NULL,
      changed_by text NOT NULL
    )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE particulars');
  }
}
