import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import {
  FollowUpServiceService,
  FollowUpState,
  type ListFollowUpsRequest,
  type ListFollowUpsResponse,
} from '@regulars/contracts/surveys/v1/followups';
import { pageOf, principalOf, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { validate as isUuid } from 'uuid';
import { FollowUpsService } from './followups.service.js';

@Controller()
@RpcController(FollowUpServiceService)
export class FollowUpsController implements RpcHandlers<typeof FollowUpServiceService> {
  constructor(private readonly followUps: FollowUpsService) {}

  async listFollowUps(request: ListFollowUpsRequest, metadata: Metadata): Promise<ListFollowUpsResponse> {
    const page = pageOf(request.page);
    const isOurs = page && (!page.after || isUuid(page.after[0]));
    const faults = [
      ...(isUuid(request.memberId) ? [] : [{ pointer: '/memberId', message: 'a UUID' }]),
      ...(isOurs ? [] : [{ pointer: '/page/cursor', message: 'not one of ours' }]),
    ];
    if (!page || faults.length > 0) throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults });
    const { followUps, nextCursor } = await this.followUps.list(request.memberId, principalOf(metadata), page);
    return { followUps: followUps.map((one) => ({ ...one, state: FollowUpState[one.state] })), nextCursor };
  }
}
