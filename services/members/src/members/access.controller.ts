import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type ListAccessesRequest,
  type ListAccessesResponse,
  MemberAccessServiceService,
} from '@regulars/contracts/members/v1/access';
import { principalOf, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { AccessLogService } from '../privacy/access-log.service.js';
import { mayReadAccessLog } from '../privacy/clear-reads.js';
import { pageIn } from '../requests.js';
import { MembersService } from './members.service.js';

@Controller()
@RpcController(MemberAccessServiceService)
export class AccessController implements RpcHandlers<typeof MemberAccessServiceService> {
  constructor(
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(AccessLogService) private readonly accessLog: AccessLogService,
  ) {}

  async listAccesses(request: ListAccessesRequest, metadata: Metadata): Promise<ListAccessesResponse> {
    if (!mayReadAccessLog(principalOf(metadata), request.memberId)) throw refusal('PERMISSION_DENIED', 'NOT_ALLOWED');
    const page = pageIn(request.page, Number.isSafeInteger);
    if (!(await this.members.exists(request.memberId))) throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
    const { lines, nextCursor } = await this.accessLog.of(request.memberId, page);
    const accesses = lines.map(({ at, principal, kind, roles, fields, purpose, traceId }) => ({
      at,
      principal,
      principalKind: kind,
      roles: [...roles],
      fields: [...fields],
      purpose,
      traceId: traceId ?? '',
    }));
    return { accesses, nextCursor };
  }
}
