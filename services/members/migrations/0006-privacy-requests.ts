import { memberDataTables } from '@regulars/service';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Exports and erasures that members asked for, and which service answered when (requirement M6). A member who was erased
 * stays as a row without anything personal.
 */
export class PrivacyRequests implements MigrationInterface {
  readonly name = 'PrivacyRequests0000000000006';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of memberDataTables.down) await runner.query(statement);
    await runner.query('DROP TABLE privacy_answer, privacy_request');
    await runner.query('ALTER TABLE member DROP COLUMN gone_at');
  }
}

const statements = [
  'ALTER TABLE member ADD COLUMN gone_at timestamptz, ALTER COLUMN name_sealed DROP NOT NULL',
  'ALTER TABLE member ALTER COLUMN code_token_sealed DROP NOT NULL',
  `CREATE TABLE privacy_request (
    request_id uuid PRIMARY KEY,
    member_id uuid NOT NULL REFERENCES member,
    kind text NOT NULL CHECK (kind IN ('export', 'erasure')),
    requested_at timestamptz NOT NULL,
    requested_by text NOT NULL,
    due_at timestamptz NOT NULL,
    done_at timestamptz
  )`,
  'CREATE INDEX privacy_request_of_member ON privacy_request (member_id, request_id)',
  'CREATE INDEX privacy_request_open ON privacy_request (due_at) WHERE done_at IS NULL',
  `CREATE TABLE privacy_answer (
    request_id uuid NOT NULL REFERENCES privacy_request,
    service text NOT NULL,
    records integer NOT NULL,
    sha256 bytea,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (request_id, service)
  )`,
  ...memberDataTables.up,
];
