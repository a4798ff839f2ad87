import { Inject, Injectable } from '@nestjs/common';
import {
  type Case,
  caseStateFromJSON,
  caseStateToJSON,
  caseTypeFromJSON,
  caseTypeToJSON,
  intakeChannelFromJSON,
  intakeChannelToJSON,
  severityFromJSON,
  severityToJSON,
} from '@regulars/contracts/complaints/v1/cases';
import { newDataKey, open, type Page, type Principal, SETTINGS, seal } from '@regulars/service';
import type { EntityManager } from 'typeorm';
import type { ComplaintsSettings } from '../complaints.config.js';

/** A case as it lies in the table; `text` of `told` is empty, the words are sealed beside it. */
export interface StoredCase {
  readonly told: Case;
  readonly sealedText: Buffer;
  readonly sealedDataKey: Buffer;
}

/** Which cases a list is to have. */
export interface CaseFilter {
  /** Empty asks for all. */
  readonly storeId: string;
  /** Whose; undefined asks for all. */
  readonly memberIds: readonly string[] | undefined;
  /** Stores that the principal may see. */
  readonly stores: Principal['stores'];
}

interface CaseRow {
  readonly case_id: string;
  readonly number: string;
  readonly member_id: string | null;
  readonly store_id: string;
  readonly type: string;
  readonly severity: string;
  readonly channel: string;
  readonly state: string;
  readonly text: Buffer;
  readonly data_key: Buffer;
  readonly happened_at: Date | null;
  readonly received_at: Date;
  readonly respond_by: Date;
}

/** Cases, with the guest's words encrypted under a data key of each case (architecture: "Personal data"). */
@Injectable()
export class CasesStore {
  private readonly keyEncryptionKey: Buffer;

  constructor(@Inject(SETTINGS) settings: ComplaintsSettings) {
    this.keyEncryptionKey = settings.KEY_ENCRYPTION_KEY;
  }

  async nextCount(tx: EntityManager): Promise<number> {
    const [row] = await tx.query<{ count: number }[]>(`SELECT nextval('case_number') AS count`);
    if (!row) throw new Error('a sequence always answers');
    return row.count;
  }

  /** Writes a case; its text goes in sealed. */
  async insert(tx: EntityManager, opened: Case): Promise<void> {
    const dataKey = newDataKey();
    await tx.query(
      `INSERT INTO feedback_case (case_id, number, member_id, store_id, type, severity, channel, state, text, data_key,
         happened_at, received_at, respond_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        opened.caseId,
        opened.number,
        opened.memberId || null,
        opened.storeId,
        caseTypeToJSON(opened.type),
        severityToJSON(opened.severity),
        intakeChannelToJSON(opened.channel),
        caseStateToJSON(opened.state),
        seal(dataKey, textPlace(opened.caseId), opened.text),
        seal(this.keyEncryptionKey, dataKeyPlace(opened.caseId), dataKey),
        opened.happenedAt ?? null,
        opened.receivedAt,
        opened.respondBy,
      ],
    );
  }

  async find(tx: EntityManager, by: 'case_id' | 'number', value: string): Promise<StoredCase | undefined> {
    const [row] = await tx.query<CaseRow[]>(`SELECT * FROM feedback_case WHERE ${by} = $1`, [value]);
    return row && storedCase(row);
  }

  /**
   * Newest first, one more than the page asks for. Ids are UUIDv7, so their order is the order of receipt. Runs on
   * feedback_case_store or feedback_case_member where a filter is given, else backwards along the primary key.
   */
  async list(tx: EntityManager, filter: CaseFilter, page: Page): Promise<StoredCase[]> {
    const rows = await tx.query<CaseRow[]>(
      `SELECT * FROM feedback_case
       WHERE ($1::uuid IS NULL OR store_id = $1) AND ($2::uuid[] IS NULL OR member_id = ANY ($2))
         AND ($3::uuid[] IS NULL OR store_id = ANY ($3)) AND ($4::uuid IS NULL OR case_id < $4)
       ORDER BY case_id DESC LIMIT $5`,
      [
        filter.storeId || null,
        filter.memberIds ?? null,
        filter.stores === '*' ? null : filter.stores,
        page.after?.[0] ?? null,
        page.limit + 1,
      ],
    );
    return rows.map(storedCase);
  }

  /** All cases of these members, oldest first, along feedback_case_member. */
  async ofMembers(tx: EntityManager, memberIds: readonly string[]): Promise<StoredCase[]> {
    const sql = 'SELECT * FROM feedback_case WHERE member_id = ANY ($1::uuid[]) ORDER BY case_id';
    return (await tx.query<CaseRow[]>(sql, [memberIds])).map(storedCase);
  }

  async forgetWords(tx: EntityManager, memberId: string): Promise<number> {
    const [rows] = await tx.query<[unknown[], number]>(
      `UPDATE feedback_case SET text = '', data_key = '' WHERE member_id = $1 AND data_key <> '' RETURNING 1`,
      [memberId],
    );
    return rows.length;
  }

  /** What the guest said; nothing once it was erased. @throws CannotOpen where the key or the row is not the one it was sealed for */
  wordsOf({ told, sealedDataKey, sealedText }: StoredCase): string {
    if (sealedDataKey.length === 0) return '';
    const dataKey = open(this.keyEncryptionKey, dataKeyPlace(told.caseId), sealedDataKey);
    return open(dataKey, textPlace(told.caseId), sealedText).toString('utf8');
  }
}

function textPlace(caseId: string): string {
  return `feedback_case.text:${caseId}`;
}

function dataKeyPlace(caseId: string): string {
  return `feedback_case.data_key:${caseId}`;
}

function storedCase(row: CaseRow): StoredCase {
  return {
    told: {
      caseId: row.case_id,
      number: row.number,
      memberId: row.member_id ?? '',
      storeId: row.store_id,
      type: caseTypeFromJSON(row.type),
      severity: severityFromJSON(row.severity),
      channel: intakeChannelFromJSON(row.channel),
      state: caseStateFromJSON(row.state),
      text: '',
      happenedAt: row.happened_at ?? undefined,
      receivedAt: row.received_at,
      respondBy: row.respond_by,
    },
    sealedText: row.text,
    sealedDataKey: row.data_key,
  };
}
