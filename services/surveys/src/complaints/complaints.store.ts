import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** A complaint that a member has made. */
export interface OpenComplaint {
  readonly caseId: string;
  readonly memberId: string;
}

@Injectable()
export class ComplaintsStore {
  async insert(tx: EntityManager, complaints: readonly OpenComplaint[]): Promise<void> {
    await tx.query(
      `INSERT INTO open_complaint (case_id, member_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])
       ON CONFLICT (case_id) DO NOTHING`,
      [complaints.map(({ caseId }) => caseId), complaints.map(({ memberId }) => memberId)],
    );
  }

  async membersAmong(tx: EntityManager, memberIds: readonly string[]): Promise<string[]> {
    const rows = await tx.query<{ member_id: string }[]>(
      'SELECT DISTINCT member_id FROM open_complaint WHERE member_id = ANY ($1::uuid[])',
      [memberIds],
    );
    return rows.map(({ member_id }) => member_id);
  }
}
