import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { ItemContext } from '@regulars/contracts/call/v1/call';
import type { CallOptions, Principal } from '@regulars/service';
import type { FastifyRequest } from 'fastify';
import { refuseDryRun, wantsDryRun } from '../edge/dry-run.guard.js';
import { idempotencyKeyFault, Malformed } from '../edge/faults.js';
import type { Till } from './chain.service.js';

/** How long the gateway waits for an owner. */
export const READ_PATIENCE_MS = 3_000;
export const WRITE_PATIENCE_MS = 5_000;

/** Who calls, as the guard found out. */
export interface Caller {
  readonly principal: Principal;
  /** The principal, signed for the owners. */
  readonly signed: string;
  /** The till, when it is one that calls. */
  readonly till: Till | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the access guard on every route that is not public. */
    caller: Caller | null;
    /** W3C trace context of the request, with the span of the gateway as parent where it is recorded. */
    traceparent: string;
  }
}

/** The caller of a request that passed the access guard. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Error('the request went past the access guard');
  return request.caller;
}

/** What an item of a batched call carries by itself. */
export function contextOf(request: FastifyRequest, patienceMs = WRITE_PATIENCE_MS): ItemContext {
  refuseDryRun(request);
  return {
    principal: callerOf(request).signed,
    deadline: new Date(Date.now() + patienceMs),
    traceparent: request.traceparent.endsWith('01') ? request.traceparent : '',
  };
}

/** A request that changes something: it has an Idempotency-Key, or no owner is called. */
export class Write {
  constructor(
    private readonly request: FastifyRequest,
    readonly caller: Caller,
  ) {}

  /** @throws Malformed when the header is missing or not 1 to 128 printable characters */
  get idempotencyKey(): string {
    return keyOf(this.request);
  }

  /** What goes with the call to the owner, for which a key is needed too. @throws Malformed as above */
  get call(): CallOptions {
    return { ...optionsFor(this.request, WRITE_PATIENCE_MS), idempotencyKey: keyOf(this.request) };
  }
}

/** What is known of a request of somebody who is not known yet. */
export interface Visit {
  readonly deadline: number;
  readonly traceparent: string;
}

function keyOf(request: FastifyRequest): string {
  const key = request.headers['idempotency-key'];
  const fault = idempotencyKeyFault(key);
  if (fault) throw new Malformed([fault]);
  return key as string;
}

function optionsFor(request: FastifyRequest, patienceMs: number): CallOptions {
  return {
    principal: callerOf(request).signed,
    deadline: Date.now() + patienceMs,
    traceparent: request.traceparent,
    ...(request.method !== 'GET' && wantsDryRun(request) && { dryRun: true }),
  };
}

/** Parameter of a handler: what goes with its calls to owners. */
export const Call = createParamDecorator((_: unknown, context: ExecutionContext) =>
  optionsFor(context.switchToHttp().getRequest<FastifyRequest>(), READ_PATIENCE_MS),
);

/** Parameter of a handler: who calls. */
export const SignedIn = createParamDecorator((_: unknown, context: ExecutionContext) =>
  callerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** Parameter of a handler that changes something. */
export const Writing = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return new Write(request, callerOf(request));
});

/** Parameter of a public handler that changes something. @throws Malformed without an Idempotency-Key */
export const Anonymous = createParamDecorator((_: unknown, context: ExecutionContext): Visit => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  keyOf(request);
  refuseDryRun(request);
  return { deadline: Date.now() + WRITE_PATIENCE_MS, traceparent: request.traceparent };
});

/** Parameter of a handler that reads together with others: what its item carries. */
export const Reading = createParamDecorator((_: unknown, context: ExecutionContext) =>
  contextOf(context.switchToHttp().getRequest<FastifyRequest>(), READ_PATIENCE_MS),
);
