import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type GetParticularsRequest,
  type GetParticularsResponse,
  MemberParticularsServiceService,
  type SetParticularsRequest,
  type SetParticularsResponse,
} from '@regulars/contracts/members/v1/particulars';
import { RpcController, type RpcHandlers, refusal, TakesDryRuns } from '@regulars/service';
import { z } from 'zod';
import { idempotencyKey } from '../fields.js';
import { callerFor, purposeOf, wellFormed } from '../requests.js';
import { particularsDraft } from './particulars.js';
import { ParticularsService } from './particulars.service.js';

const setRequest = z.object({
  memberId: z.string(),
  particulars: particularsDraft,
  idempotencyKey,
  expectedVersion: z.int().min(0, 'the version that was read, 0 when nothing was told yet'),
});

@Controller()
@RpcController(MemberParticularsServiceService)
export class ParticularsController implements RpcHandlers<typeof MemberParticularsServiceService> {
  constructor(@Inject(ParticularsService) private readonly particulars: ParticularsService) {}

  async getParticulars(request: GetParticularsRequest, metadata: Metadata): Promise<GetParticularsResponse> {
    const purpose = purposeOf(request.purpose);
    const caller = callerFor(request.memberId, metadata);
    const read = await this.particulars.read(caller, request.memberId, purpose);
    if (!read) throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
    return read;
  }

  @TakesDryRuns()
  async setParticulars(request: SetParticularsRequest, metadata: Metadata): Promise<SetParticularsResponse> {
    const draft = wellFormed(setRequest, request);
    const result = await this.particulars.replace(callerFor(draft.memberId, metadata), draft);
    if (result.outcome === 'set') return { version: result.version, replayed: result.replayed };
    switch (result.reason) {
      case 'MEMBER_UNKNOWN':
        throw refusal('NOT_FOUND', result.reason);
      case 'IDEMPOTENCY_KEY_REUSED':
        throw refusal('ALREADY_EXISTS', result.reason);
      case 'VERSION_CHANGED':
        throw refusal('FAILED_PRECONDITION', result.reason, { allowed: ['getParticulars'] });
      case 'CONTACT_PERSONS_OF_INDIVIDUAL':
        throw refusal('FAILED_PRECONDITION', result.reason);
    }
  }
}
