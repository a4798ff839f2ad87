import { TierAtRisk, TierChanged, TierChangeKind } from '@regulars/contracts/loyalty/v1/tiers_events';
import type { OutboxEvent } from '@regulars/messaging';
import type { TierChange } from './review.js';

export const tierTopic = 'regulars.loyalty.tier.v1';

/** A change that is written. */
export interface RecordedChange extends TierChange {
  readonly changeId: string;
  readonly memberId: string;
  readonly programmeId: string;
  readonly reason: string;
  readonly actor: string;
  readonly changedMs: number;
}

export const changeKinds = {
  promoted: TierChangeKind.PROMOTED,
  kept: TierChangeKind.KEPT,
  noticed: TierChangeKind.NOTICED,
  grace: TierChangeKind.GRACE,
  downgraded: TierChangeKind.DOWNGRADED,
  revoked: TierChangeKind.REVOKED,
  granted: TierChangeKind.GRANTED,
} as const;

/** The event of a change: of a notice or of grace what saves the tier, of anything else what it is now. */
export function tierEvent(change: RecordedChange): OutboxEvent {
  const { changeId, memberId, programmeId, kind, happenedOn, spentMinor, missingMinor } = change;
  const isRisk = kind === 'noticed' || kind === 'grace';
  const about = { changeId, memberId, programmeId, spentMinor };
  const keptUntil = change.keptUntil ?? '';
  return {
    id: changeId,
    topic: tierTopic,
    key: memberId,
    type: isRisk ? 'regulars.loyalty.v1.TierAtRisk' : 'regulars.loyalty.v1.TierChanged',
    payload: (isRisk
      ? TierAtRisk.toJSON({
          ...about,
          tier: change.fromTier,
          missingMinor,
          spendBy: keptUntil,
          inGrace: kind === 'grace',
          toldAt: new Date(change.changedMs),
        })
      : TierChanged.toJSON({
          ...about,
          kind: changeKinds[kind],
          fromTier: change.fromTier,
          toTier: change.toTier,
          happenedOn,
          keptUntil,
          changedAt: new Date(change.changedMs),
        })) as object,
  };
}
