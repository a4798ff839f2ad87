import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import { Call } from '../access/call.guard.js';
import { Documented } from '../edge/reference.config.js';
import { Owners } from '../owners.client.js';
import { accessSeals, type SealsQuery, sealsAnswer, sealsQuery } from './access.js';

/** Whether the log of reads of personal data is as it was written (requirement M6). */
@ApiTags('members')
@Controller('v1/accesses/seals')
export class SealsController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get()
  @Documented({
    summary: 'Verify that the log of reads of personal data is whole',
    description:
      'Reads are sealed within about a second: each seal holds a hash over them and over the seal before. Here up to 20 000 reads are reckoned again; `nextSeal` tells where to go on.',
    answers: { 200: accessSeals },
    problems: ['SEAL_UNKNOWN'],
  })
  async verifyAccesses(@Query({ schema: sealsQuery }) { fromSeal = 0 }: SealsQuery, @Call() call: CallOptions) {
    return sealsAnswer(await this.owners.memberAccess.verifyAccesses({ fromSeal }, call));
  }
}
