import { Metadata, status } from '@grpc/grpc-js';
import { type Failure, Problem } from '@regulars/contracts/call/v1/call';

/** gRPC statuses with which a service says no; anything else that is thrown is a defect or an outage. */
export type RefusalStatus =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'FAILED_PRECONDITION'
  | 'PERMISSION_DENIED'
  | 'UNAUTHENTICATED'
  | 'RESOURCE_EXHAUSTED'
  | 'UNAVAILABLE';

/** What a refusal tells besides its status and code. */
export interface RefusalDetail {
  readonly faults?: readonly { pointer: string; message: string }[];
  readonly retryAfterS?: number;
  readonly allowed?: readonly string[];
}

/** Thrown by controllers only, where the outcome of a use case becomes an answer over gRPC. */
export class Refusal extends Error {
  constructor(
    readonly status: RefusalStatus,
    readonly code: string,
    readonly detail: RefusalDetail = {},
  ) {
    super(code);
    this.name = 'Refusal';
  }

  /** The shape that grpc-js sends: status, text, and the problem in `problem-bin`. */
  toStatus(): { code: status; details: string; metadata: Metadata } {
    const metadata = new Metadata();
    metadata.set('problem-bin', Buffer.from(Problem.encode(this.problem()).finish()));
    return { code: status[this.status], details: this.code, metadata };
  }

  /** The same for an item of a batched call. */
  toFailure(): Failure {
    return { status: status[this.status], problem: this.problem() };
  }

  private problem(): Problem {
    return {
      code: this.code,
      faults: [...(this.detail.faults ?? [])],
      retryAfterS: this.detail.retryAfterS ?? 0,
      allowed: [...(this.detail.allowed ?? [])],
    };
  }
}

/** Says no over gRPC: `throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN')`. */
export function refusal(kind: RefusalStatus, code: string, detail?: RefusalDetail): Refusal {
  return new Refusal(kind, code, detail);
}
