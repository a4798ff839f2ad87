import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  BirthdayServiceService,
  type FindBirthdaysRequest,
  type FindBirthdaysResponse,
} from '@regulars/contracts/members/v1/birthdays';
import { RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { callerOf, malformed, wellFormed } from '../requests.js';
import { BirthdaysService } from './birthdays.service.js';

const mostDays = 120;

const findRequest = z.object({
  memberIds: z.array(z.uuid('a UUID')).max(500, 'at most 500'),
  fromDate: z.iso.date('a date, YYYY-MM-DD'),
  untilDate: z.iso.date('a date, YYYY-MM-DD'),
});

/** gRPC ⇄ birthdays. */
@Controller()
@RpcController(BirthdayServiceService)
export class BirthdaysController implements RpcHandlers<typeof BirthdayServiceService> {
  constructor(@Inject(BirthdaysService) private readonly birthdays: BirthdaysService) {}

  async findBirthdays(request: FindBirthdaysRequest, metadata: Metadata): Promise<FindBirthdaysResponse> {
    const { memberIds, fromDate, untilDate } = wellFormed(findRequest, request);
    const [from, until] = [Temporal.PlainDate.from(fromDate), Temporal.PlainDate.from(untilDate)];
    const { days } = from.until(until, { largestUnit: 'day' });
    if (days < 0 || days > mostDays) throw malformed('/untilDate', `0 to ${mostDays} days after fromDate`);
    const result = await this.birthdays.between(callerOf(metadata), memberIds, from, until);
    if (result.outcome === 'refused') throw refusal('PERMISSION_DENIED', result.reason);
    return { birthdays: result.birthdays };
  }
}
