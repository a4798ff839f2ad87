import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type GetRequestRequest,
  type GetRequestResponse,
  type ListRequestsRequest,
  type ListRequestsResponse,
  type OrderRequestRequest,
  type OrderRequestResponse,
  type PrivacyRequest,
  PrivacyRequestKind,
  PrivacyRequestServiceService,
} from '@regulars/contracts/members/v1/privacy_requests';
import { principalOf, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import { idempotencyKey } from '../fields.js';
import { callerOf, pageIn, wellFormed } from '../requests.js';
import { awaited, type RequestKind } from './privacy-request.js';
import { mayOrder, PrivacyRequestsService, type StoredRequest } from './privacy-requests.service.js';

const numberOf = {
  export: PrivacyRequestKind.EXPORT,
  erasure: PrivacyRequestKind.ERASURE,
  restriction: PrivacyRequestKind.RESTRICTION,
  lifting: PrivacyRequestKind.LIFTING,
} as const satisfies Record<RequestKind, PrivacyRequestKind>;
const kindOf = {
  [PrivacyRequestKind.EXPORT]: 'export',
  [PrivacyRequestKind.ERASURE]: 'erasure',
  [PrivacyRequestKind.RESTRICTION]: 'restriction',
  [PrivacyRequestKind.LIFTING]: 'lifting',
} as const;

const orderRequest = z.object({
  memberId: z.uuid('a UUID'),
  kind: z
    .enum(PrivacyRequestKind, 'a kind of request')
    .exclude(['UNSPECIFIED', 'UNRECOGNIZED'], 'a kind of request')
    .transform((kind) => kindOf[kind]),
  idempotencyKey,
});

@Controller()
@RpcController(PrivacyRequestServiceService)
export class PrivacyRequestsController implements RpcHandlers<typeof PrivacyRequestServiceService> {
  constructor(@Inject(PrivacyRequestsService) private readonly requests: PrivacyRequestsService) {}

  async orderRequest(request: OrderRequestRequest, metadata: Metadata): Promise<OrderRequestResponse> {
    const { memberId, kind, idempotencyKey: key } = wellFormed(orderRequest, request);
    const order = await this.requests.order(callerOf(metadata), memberId, kind, key);
    if (order.outcome === 'ordered') return { request: told(order.request), replayed: order.replayed };
    switch (order.reason) {
      case 'NOT_ALLOWED':
        throw refusal('PERMISSION_DENIED', order.reason);
      case 'MEMBER_UNKNOWN':
        throw refusal('NOT_FOUND', order.reason);
      case 'REQUEST_OPEN':
      case 'ALREADY_RESTRICTED':
      case 'NOT_RESTRICTED':
      case 'MERGE_UNDER_WAY':
        throw refusal('FAILED_PRECONDITION', order.reason);
      case 'IDEMPOTENCY_KEY_REUSED':
        throw refusal('ALREADY_EXISTS', order.reason);
    }
  }

  async getRequest({ requestId }: GetRequestRequest, metadata: Metadata): Promise<GetRequestResponse> {
    const found = isUuid(requestId) ? await this.requests.find(principalOf(metadata), requestId) : undefined;
    if (!found) throw refusal('NOT_FOUND', 'REQUEST_UNKNOWN');
    return { request: told(found) };
  }

  async listRequests({ overdue, page }: ListRequestsRequest, metadata: Metadata): Promise<ListRequestsResponse> {
    if (!mayOrder(principalOf(metadata), '')) throw refusal('PERMISSION_DENIED', 'NOT_ALLOWED');
    const { requests, nextCursor } = await this.requests.list(overdue, pageIn(page, isUuid));
    return { requests: requests.map(told), nextCursor };
  }
}

function told({ kind, doneAt, answers, ...request }: StoredRequest): PrivacyRequest {
  return {
    ...request,
    kind: numberOf[kind],
    doneAt: doneAt ?? undefined,
    answers: answers.map(({ sha256, answeredAt, ...answer }) => ({
      ...answer,
      sha256: Buffer.from(sha256 ?? '', 'hex'),
      answeredAt: new Date(answeredAt),
    })),
    awaited: awaited(answers.map(({ service }) => service)),
  };
}
