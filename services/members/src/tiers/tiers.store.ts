import type { EntityManager } from 'typeorm';

/** A tier on which a member stood at a moment. */
export interface StoodOn {
  readonly memberId: string;
  readonly programmeId: string;
  readonly tier: string;
  readonly asOf: Date;
}

/** Keeps the latest of what is known of each member and programme, in one statement. @param stood each pair once */
export async function keepTiers(tx: EntityManager, stood: readonly StoodOn[]): Promise<void> {
  await tx.query(
    `INSERT INTO member_tier (member_id, programme_id, tier, as_of)
     SELECT t.* FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
       AS t (member_id, programme_id, tier, as_of)
     JOIN member m ON m.member_id = t.member_id AND m.gone_at IS NULL
     ORDER BY t.member_id, t.programme_id
     ON CONFLICT (member_id, programme_id) DO UPDATE SET tier = excluded.tier, as_of = excluded.as_of
       WHERE member_tier.as_of < excluded.as_of`,
    [
      stood.map((each) => each.memberId),
      stood.map((each) => each.programmeId),
      stood.map((each) => each.tier),
      stood.map((each) => each.asOf.toISOString()),
    ],
  );
}
