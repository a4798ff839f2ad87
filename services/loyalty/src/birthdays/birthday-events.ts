import { BirthdayCame, BirthdayGiftGiven } from '@regulars/contracts/loyalty/v1/birthdays_events';
import type { OutboxEvent } from '@regulars/messaging';

export const birthdayTopic = 'regulars.loyalty.birthday.v1';

/** It is the birthday of a member, who may be greeted. */
export function birthdayCame(id: string, memberId: string, programmeId: string, toldAt: Date): OutboxEvent {
  const payload = BirthdayCame.toJSON({ memberId, programmeId, toldAt }) as object;
  return { id, topic: birthdayTopic, key: memberId, type: 'regulars.loyalty.v1.BirthdayCame', payload };
}

/** A member was given the gift of the year. */
export function birthdayGiftGiven(
  id: string,
  gift: {
    readonly memberId: string;
    readonly programmeId: string;
    readonly definitionId: string;
    readonly goodUntil: string;
  },
  givenAt: Date,
): OutboxEvent {
  const payload = BirthdayGiftGiven.toJSON({ ...gift, givenAt }) as object;
  return { id, topic: birthdayTopic, key: gift.memberId, type: 'regulars.loyalty.v1.BirthdayGiftGiven', payload };
}
