import { Inject, Injectable } from '@nestjs/common';
import type { BirthdayFound } from '@regulars/contracts/members/v1/birthdays';
import type { Temporal } from 'temporal-polyfill';
import type { Caller } from '../caller.js';
import { birthdayBetween } from '../members/birthday.js';
import { MembersService } from '../members/members.service.js';
import { AccessLogService } from '../privacy/access-log.service.js';

const purpose = 'birthday-rights';

/** Tells other services on which days birthdays fall that come soon or were lately (requirement L10). */
@Injectable()
export class BirthdaysService {
  constructor(
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(AccessLogService) private readonly accessLog: AccessLogService,
  ) {}

  /** Only what lies in the stretch is told, and only that is logged as read. */
  async between(
    caller: Caller,
    memberIds: readonly string[],
    from: Temporal.PlainDate,
    until: Temporal.PlainDate,
  ): Promise<
    | { readonly outcome: 'read'; readonly birthdays: BirthdayFound[] }
    | { readonly outcome: 'refused'; readonly reason: 'SERVICES_ONLY' }
  > {
    if (caller.principal.kind !== 'service') return { outcome: 'refused', reason: 'SERVICES_ONLY' };
    const all = await this.members.birthdays(memberIds);
    const birthdays = all.flatMap(({ memberId, birthday }) => {
      const kept = birthdayBetween(birthday, from, until);
      return kept ? [{ memberId, date: kept.date.toString(), year: kept.year }] : [];
    });
    const told = birthdays.map(({ memberId }) => memberId);
    await this.accessLog.record(caller, told, ['birthday'], purpose);
    return { outcome: 'read', birthdays };
  }
}
