import {
  MemberErasureOrdered,
  MemberExportOrdered,
  MemberRestrictionOrdered,
} from '@regulars/contracts/members/v1/members_events';
import type { TopicSpec } from '@regulars/messaging';

/** Orders of erasure, one for each member, kept for ever, so that they can be obeyed again after a restore. */
export const erasureTopic = 'regulars.members.erasure.v1';
/** The last order to restrict what is done with a member's data, or to lift that; kept for ever, for the same reason. */
export const restrictionTopic = 'regulars.members.restriction.v1';
export const memberTopic = 'regulars.members.member.v1';

/** What was ordered of a service. */
export interface Task {
  readonly requestId: string;
  readonly memberId: string;
  readonly kind: 'export' | 'erasure' | 'restriction' | 'lifting';
  readonly orderedAt: Date;
}

/**
 * The topic on which a service tells that it obeyed, and those of the orders, which have to be there before the first
 * service is ready: whichever starts first makes them.
 */
export function privacyTopics(service: string): TopicSpec[] {
  return [
    { name: privacyTopicOf(service) },
    { name: erasureTopic, compacted: true },
    { name: restrictionTopic, compacted: true },
  ];
}

export function privacyTopicOf(service: string): string {
  return `regulars.${service}.privacy.v1`;
}

/** What an event orders; nothing for one that tells something else. */
export function tasksIn({ type, payload }: { readonly type: string; readonly payload: unknown }): Task[] {
  switch (type) {
    case 'regulars.members.v1.MemberErasureOrdered':
      return dated({ kind: 'erasure', ...MemberErasureOrdered.fromJSON(payload) });
    case 'regulars.members.v1.MemberExportOrdered':
      return dated({ kind: 'export', ...MemberExportOrdered.fromJSON(payload) });
    case 'regulars.members.v1.MemberRestrictionOrdered': {
      const { restricted, ...ordered } = MemberRestrictionOrdered.fromJSON(payload);
      return dated({ kind: restricted ? 'restriction' : 'lifting', ...ordered });
    }
    default:
      return [];
  }
}

function dated({ orderedAt, ...task }: Omit<Task, 'orderedAt'> & { readonly orderedAt?: Date | undefined }): Task[] {
  return orderedAt ? [{ ...task, orderedAt }] : [];
}
