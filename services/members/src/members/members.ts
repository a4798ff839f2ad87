import { memberNatureFromJSON, registrationChannelFromJSON } from '@regulars/contracts/members/v1/members';
import { MemberRegistered } from '@regulars/contracts/members/v1/members_events';
import type { RepublishedEvent } from '@regulars/messaging';

/** Key = member id. */
export const memberTopic = 'regulars.members.member.v1';

/** What the event of a registration is made of. */
export interface Registered {
  readonly memberId: string;
  readonly number: string;
  readonly codeTokenSha256: Buffer;
  readonly nature: string;
  readonly language: string;
  readonly homeStoreId: string | null;
  readonly channel: string;
  readonly registeredAt: Date;
  readonly emailIndex: Buffer | null;
  readonly emailIndex1: Buffer | null;
  readonly registeredEventId: string;
}

/** The event that tells everyone of a new member, by ids only (requirement M6). */
export function memberRegistered(member: Registered): RepublishedEvent {
  const { memberId, number, codeTokenSha256, language, registeredAt } = member;
  return {
    id: member.registeredEventId,
    topic: memberTopic,
    key: memberId,
    type: 'regulars.members.v1.MemberRegistered',
    payload: MemberRegistered.toJSON({
      memberId,
      number,
      codeTokenSha256,
      language,
      registeredAt,
      nature: memberNatureFromJSON(member.nature),
      homeStoreId: member.homeStoreId ?? '',
      channel: registrationChannelFromJSON(member.channel),
      hasEmail: (member.emailIndex ?? member.emailIndex1) !== null,
    }) as object,
    subject: number,
    time: registeredAt,
  };
}
