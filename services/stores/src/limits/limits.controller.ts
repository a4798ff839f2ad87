import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type CountCallsRequest,
  type CountCallsResponse,
  LimitServiceService,
} from '@regulars/contracts/stores/v1/limits';
import { principalOf, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { LimitsService } from './limits.service.js';

const MOST_SUBJECTS = 1_000;

@Controller()
@RpcController(LimitServiceService)
export class LimitsController implements RpcHandlers<typeof LimitServiceService> {
  constructor(@Inject(LimitsService) private readonly limits: LimitsService) {}

  async countCalls({ counts }: CountCallsRequest, metadata: Metadata): Promise<CountCallsResponse> {
    if (principalOf(metadata).kind !== 'service') throw refusal('PERMISSION_DENIED', 'NOT_ALLOWED');
    const subjects = new Set(counts.map(({ subject }) => subject));
    const isSound = counts.every(({ subject, calls }) => /^[\w-]{22}$/.test(subject) && calls >= 0);
    if (!isSound || subjects.size !== counts.length || counts.length > MOST_SUBJECTS) {
      throw refusal('INVALID_ARGUMENT', 'MALFORMED', {
        faults: [{ pointer: '/counts', message: 'at most 1000 hashed subjects, each once, with their calls' }],
      });
    }
    return { sums: await this.limits.count(counts) };
  }
}
