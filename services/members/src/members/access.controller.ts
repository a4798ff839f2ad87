import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type ListAccessesRequest,
  type ListAccessesResponse,
  MemberAccessServiceService,
  type VerifyAccessesRequest,
  type VerifyAccessesResponse,
} from '@regulars/contracts/members/v1/access';
import { principalOf, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { AccessLogService } from '../privacy/access-log.service.js';
import { AccessSealsService } from '../privacy/access-seals.service.js';
import { mayReadAccessLog, mayVerifyAccessLog } from '../privacy/clear-reads.js';
import { malformed, pageIn } from '../requests.js';
import { MembersService } from './members.service.js';

@Controller()
@RpcController(MemberAccessServiceService)
export class AccessController implements RpcHandlers<typeof MemberAccessServiceService> {
  constructor(
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(AccessLogService) private readonly accessLog: AccessLogService,
    @Inject(AccessSealsService) private readonly seals: AccessSealsService,
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
  async verifyAccesses({ fromSeal }: VerifyAccessesRequest, metadata: Metadata): Promise<VerifyAccessesResponse> {
    if (!mayVerifyAccessLog(principalOf(metadata))) throw refusal('PERMISSION_DENIED', 'NOT_ALLOWED');
    if (!Number.isSafeInteger(fromSeal) || fromSeal < 0) throw malformed('/fromSeal', 'the number of a seal, or 0');
    const found = await this.seals.verify(Math.max(fromSeal, 1));
    if (!found) throw refusal('NOT_FOUND', 'SEAL_UNKNOWN');
    const { lines: unsealedLines, since } = await this.seals.unsealed();
    const { seals, lines, last, brokenSeal = 0, nextSeal = 0 } = found;
    return {
      seals,
      lines,
      lastSeal: last.seal,
      lastEntry: last.throughEntry,
      lastHash: last.hash,
      brokenSeal,
      nextSeal,
      unsealedLines,
      unsealedSince: since ?? undefined,
    };
  }
}
