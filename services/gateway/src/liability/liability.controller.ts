import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import { Call } from '../access/call.guard.js';
import { id } from '../edge/fields.js';
import { Documented } from '../edge/reference.config.js';
import { Owners } from '../owners.client.js';
import { liability, liabilityAnswer } from './liability.js';

/** What a programme owes its members (requirements L4, L5). */
@ApiTags('programmes')
@Controller('v1/programmes/:programmeId/liability')
export class LiabilityController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get()
  @Documented({
    summary: 'Read what a programme owes',
    description: 'Points by the month in which they were earned, with a forecast of those that will end unused.',
    answers: { 200: liability },
    problems: ['PROGRAMME_UNKNOWN'],
  })
  async readLiability(@Param('programmeId', { schema: id }) programmeId: string, @Call() call: CallOptions) {
    return liabilityAnswer(await this.owners.liability.getLiability({ programmeId }, call));
  }
}
