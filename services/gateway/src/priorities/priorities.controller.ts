import { Controller, Get, Inject, Logger, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type CallOptions, RpcFailure } from '@regulars/service';
import { Call } from '../access/call.guard.js';
import { id } from '../edge/fields.js';
import { missingPart } from '../edge/parts.client.js';
import { Documented } from '../edge/reference.config.js';
import { Owners } from '../owners.client.js';
import { type PriorityQuery, priority, priorityOf, priorityQuery, type Told } from './priority.js';

/** Who is let ahead in queues and reservations (requirement L13). */
@ApiTags('tiers')
@Controller('v1/members/:memberId/priority')
export class PrioritiesController {
  private readonly log = new Logger(PrioritiesController.name);

  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get()
  @Documented({
    summary: 'Read how far ahead a member is in queues and reservations',
    description: 'With the reasons. A part whose owner could not be asked is marked missing.',
    answers: { 200: priority },
    problems: ['MEMBER_UNKNOWN'],
  })
  async readPriority(
    @Param('memberId', { schema: id }) memberId: string,
    @Query({ schema: priorityQuery }) { programmeId = '' }: PriorityQuery,
    @Call() call: CallOptions,
  ) {
    const [tier, needs] = await Promise.all([this.tierOf(memberId, programmeId, call), this.needsOf(memberId, call)]);
    return priorityOf(memberId, { tier, needs });
  }

  /** Null for a member without an account. */
  private async tierOf(memberId: string, programmeId: string, call: CallOptions): Promise<Told['tier']> {
    try {
      return (await this.owners.tiers.getTier({ memberId, programmeId }, call)).tier ?? null;
    } catch (error) {
      if (error instanceof RpcFailure && error.problem?.code === 'ACCOUNT_UNKNOWN') return null;
      return this.missing('loyalty', error);
    }
  }

  private async needsOf(memberId: string, call: CallOptions): Promise<Told['needs']> {
    try {
      const { particulars } = await this.owners.memberParticulars.getParticulars({ memberId, purpose: '' }, call);
      return particulars?.needs ?? [];
    } catch (error) {
      return this.missing('members', error);
    }
  }

  /** @throws what the owner refused: only one that cannot be asked is missing */
  private missing(owner: string, error: unknown) {
    const part = missingPart(error);
    this.log.warn({ owner, reason: part.reason }, 'an owner could not be asked for the priority of a member');
    return part;
  }
}
