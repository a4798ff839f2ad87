import type { EntityManager } from 'typeorm';

/**
 * What loyalty has of a member and of those who were merged into her, oldest first. Purchases are found by their entries: by store, its tills and the business
 * date along purchase_claim, because nothing on the purchase path keeps an index by member.
 */
export async function recordsOf(tx: EntityManager, memberId: string): Promise<object[]> {
  const rows = await tx.query<{ record: object }[]>(
    `WITH hers AS (SELECT member_id FROM member WHERE member_id = $1 OR merged_into = $1)
     SELECT record FROM (
       SELECT 0 AS part, programme_id, 0 AS seq, json_build_object('kind', 'account', 'programmeId', programme_id,
         'balance', balance, 'debt', debt) AS record
       FROM account WHERE member_id IN (SELECT member_id FROM hers)
       UNION ALL
       SELECT 1, programme_id, member_seq, json_build_object('kind', 'entry', 'entryId', entry_id, 'movement', kind,
         'programmeId', programme_id, 'points', points, 'balanceAfter', balance_after, 'storeId', store_id,
         'businessDate', business_date, 'postedAt', posted_at)
       FROM entry WHERE member_id IN (SELECT member_id FROM hers)
       UNION ALL
       SELECT 2, e.programme_id, e.member_seq, json_build_object('kind', 'purchase', 'purchaseId', p.purchase_id,
         'storeId', p.store_id, 'businessDate', p.business_date, 'receiptNumber', p.receipt_number,
         'rungAt', p.rung_at, 'totalMinor', p.total_minor, 'channel', p.channel, 'partySize', p.party_size,
         'lines', p.lines)
       FROM entry e
       JOIN till t ON t.store_id = e.store_id
       JOIN purchase p ON p.programme_id = e.programme_id AND p.store_id = e.store_id AND p.till_id = t.till_id
         AND p.business_date = e.business_date AND p.purchase_id = e.source_id
       WHERE e.member_id IN (SELECT member_id FROM hers) AND e.kind = 'earn'
       UNION ALL
       SELECT 3, programme_id, birthday_year, json_build_object('kind', 'birthday-right', 'programmeId', programme_id,
         'birthdayOn', birthday_on, 'givenAt', given_at, 'greetedAt', greeted_at)
       FROM birthday_right WHERE member_id IN (SELECT member_id FROM hers)) AS records
     ORDER BY part, programme_id, seq`,
    [memberId],
  );
  return rows.map(({ record }) => record);
}

export async function programmesOf(tx: EntityManager, memberId: string): Promise<string[]> {
  const rows = await tx.query<{ programmeId: string }[]>(
    'SELECT programme_id AS "programmeId" FROM account WHERE member_id = $1 ORDER BY programme_id',
    [memberId],
  );
  return rows.map(({ programmeId }) => programmeId);
}

/** Whoever knows the member's number or code is told that there is no such member any more. */
export async function markGone(tx: EntityManager, memberId: string, at: Date): Promise<void> {
  await tx.query('UPDATE member SET gone_at = coalesce(gone_at, $2) WHERE member_id = $1', [memberId, at]);
}
