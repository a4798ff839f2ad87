import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Case, CaseState, CaseType, IntakeChannel, Severity } from '@regulars/contracts/complaints/v1/cases';
import { CannotOpen } from '@regulars/service';
import { type TestDatabase, testDatabase } from '@regulars/testing';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { migrations } from '../../migrations/index.js';
import type { ComplaintsSettings } from '../complaints.config.js';
import { CasesStore } from './cases.store.js';

const settings = { KEY_ENCRYPTION_KEY: randomBytes(32) } as unknown as ComplaintsSettings;

describe('Cases at rest', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  const store = new CasesStore(settings);

  beforeAll(async () => {
    database = await testDatabase('complaints');
    dataSource = new DataSource({ type: 'postgres', url: database.url, migrations: [...migrations] });
    await dataSource.initialize();
    await dataSource.runMigrations();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('[M6] hold the guest’s words encrypted, and give them back to who has the key', async () => {
    const opened = await written('面条里有一根头发');
    const [{ row }] = await dataSource.query<[{ row: string }]>(
      `SELECT encode(text, 'escape') || row_to_json(c)::text AS row FROM feedback_case c WHERE case_id = $1`,
      [opened.caseId],
    );
    expect(row).not.toContain('面条');
    expect(Buffer.from(row, 'latin1').includes(Buffer.from('面条'))).toBe(false);
    expect(store.wordsOf(await found(opened))).toBe('面条里有一根头发');
  });

  it('[M6] do not open with another key-encryption key', async () => {
    const other = new CasesStore({ KEY_ENCRYPTION_KEY: randomBytes(32) } as unknown as ComplaintsSettings);
    const stored = await found(await written('too salty'));
    expect(() => other.wordsOf(stored)).toThrow(CannotOpen);
  });

  it('[M6] do not open in a row that the words were copied to', async () => {
    const [mine, theirs] = [await written('mine'), await written('theirs')];
    await dataSource.query(
      `UPDATE feedback_case SET (text, data_key) = (SELECT text, data_key FROM feedback_case WHERE case_id = $1)
       WHERE case_id = $2`,
      [mine.caseId, theirs.caseId],
    );
    const stored = await found(theirs);
    expect(() => store.wordsOf(stored)).toThrow(CannotOpen);
  });

  async function written(text: string): Promise<Case> {
    const opened: Case = {
      caseId: uuidv7(),
      number: uuidv7(),
      memberId: '',
      storeId: uuidv7(),
      type: CaseType.COMPLAINT,
      severity: Severity.NORMAL,
      channel: IntakeChannel.APP,
      state: CaseState.RECEIVED,
      text,
      happenedAt: undefined,
      receivedAt: new Date('2026-05-04T12:00:00Z'),
      respondBy: new Date('2026-05-05T12:00:00Z'),
    };
    await dataSource.transaction((tx) => store.insert(tx, opened));
    return opened;
  }

  async function found({ caseId, text: _words, ...rest }: Case) {
    const stored = await store.find(dataSource.manager, 'case_id', caseId);
    expect(stored?.told).toEqual({ caseId, text: '', ...rest });
    return stored!;
  }
});
