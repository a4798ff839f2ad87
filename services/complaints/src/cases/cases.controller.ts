import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  CaseServiceService,
  type GetCaseRequest,
  type GetCaseResponse,
  type ListCasesRequest,
  type ListCasesResponse,
  type OpenCaseRequest,
  type OpenCaseResponse,
} from '@regulars/contracts/complaints/v1/cases';
import {
  CLOCK,
  type Clock,
  pageOf,
  principalOf,
  type Refusal,
  RpcController,
  type RpcHandlers,
  refusal,
  traceparentIn,
} from '@regulars/service';
import { validate as isUuid } from 'uuid';
import { CasesService, type Opened } from './cases.service.js';
import { type Fault, intakeOf } from './intake.js';

@Controller()
@RpcController(CaseServiceService)
export class CasesController implements RpcHandlers<typeof CaseServiceService> {
  constructor(
    private readonly cases: CasesService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async openCase(request: OpenCaseRequest, metadata: Metadata): Promise<OpenCaseResponse> {
    const read = intakeOf(request, this.clock.now());
    if ('faults' in read) throw malformed(read.faults);
    const result = await this.cases.open(read.intake, principalOf(metadata), traceparentIn(metadata));
    switch (result.outcome) {
      case 'opened':
        return { case: result.case, replayed: result.replayed };
      case 'refused':
        throw notOpened(result.reason);
    }
  }

  async getCase({ by }: GetCaseRequest, metadata: Metadata): Promise<GetCaseResponse> {
    if (!by) throw malformed([{ pointer: '', message: 'a case id or a number is expected' }]);
    if (by.$case === 'caseId' && !isUuid(by.value)) throw malformed([{ pointer: '/caseId', message: 'a UUID' }]);
    const column = by.$case === 'caseId' ? 'case_id' : 'number';
    const found = await this.cases.get(column, by.value, principalOf(metadata));
    if (!found) throw refusal('NOT_FOUND', 'CASE_UNKNOWN');
    return { case: found };
  }

  async listCases(request: ListCasesRequest, metadata: Metadata): Promise<ListCasesResponse> {
    const storeId = request.storeId.toLowerCase();
    const memberId = request.memberId.toLowerCase();
    const page = pageOf(request.page);
    const faults = [
      ...(storeId && !isUuid(storeId) ? [{ pointer: '/storeId', message: 'a UUID' }] : []),
      ...(memberId && !isUuid(memberId) ? [{ pointer: '/memberId', message: 'a UUID' }] : []),
      ...(page && (!page.after || isUuid(page.after[0]))
        ? []
        : [{ pointer: '/page/cursor', message: 'not one of ours' }]),
    ];
    if (!page || faults.length > 0) throw malformed(faults);
    const result = await this.cases.list({ storeId, memberId }, principalOf(metadata), page);
    switch (result.outcome) {
      case 'listed':
        return { cases: result.cases, nextCursor: result.nextCursor };
      case 'refused':
        throw refusal('PERMISSION_DENIED', result.reason);
    }
  }
}

function malformed(faults: readonly Fault[]): Refusal {
  return refusal('INVALID_ARGUMENT', 'MALFORMED', { faults });
}

function notOpened(reason: Extract<Opened, { outcome: 'refused' }>['reason']): Refusal {
  switch (reason) {
    case 'STORE_NOT_ALLOWED':
      return refusal('PERMISSION_DENIED', reason);
    case 'STORE_UNKNOWN':
      return refusal('NOT_FOUND', reason, { faults: [{ pointer: '/storeId', message: 'no such store' }] });
    case 'IDEMPOTENCY_KEY_REUSED':
      return refusal('ALREADY_EXISTS', reason);
  }
}
