import { type Metadata, status } from '@grpc/grpc-js';
import {
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { GrpcMethod } from '@nestjs/microservices';
import type { Failure } from '@regulars/contracts/call/v1/call';
import { finalize, type Observable, throwError } from 'rxjs';
import { dryRuns, isDryRun } from './dry-run.js';
import { isOutage } from './outage.js';
import { type Principal, PrincipalVerifier } from './principal.js';
import { Refusal, refusal } from './refusal.js';
import type { Definition } from './rpc-client.js';
import { spanOf, traceparentIn } from './telemetry.js';

/** The methods that a controller of a generated service definition has. */
export type RpcHandlers<Service> = {
  [Method in keyof Service]: Service[Method] extends {
    requestDeserialize: (value: Buffer) => infer Request;
    responseSerialize: (value: infer Response) => Buffer;
  }
    ? (request: Request, metadata: Metadata) => Promise<Response>
    : never;
};

/** Class decorator: the controller answers every RPC of the service definition, by the same method names. */
export function RpcController(service: object): ClassDecorator {
  return (controller) => {
    for (const [name, { path }] of Object.entries(service as Definition)) {
      const serviceName = path.split('/')[1] ?? '';
      const method = Object.getOwnPropertyDescriptor(controller.prototype, name);
      if (!method) throw new Error(`${controller.name} has no method for ${path}`);
      GrpcMethod(serviceName, name)(controller.prototype as object, name, method);
    }
  };
}

const itemPrincipals = 'item-principals';

/** The items of this RPC carry their own principals, which the controller verifies. */
export const ItemPrincipals = () => SetMetadata(itemPrincipals, true);

const principals = new WeakMap<Metadata, Principal>();

/** The verified principal of the call that this metadata came with. */
export function principalOf(metadata: Metadata): Principal {
  const principal = principals.get(metadata);
  if (!principal) throw new Error('the call went past the principal guard');
  return principal;
}

/** The key under which a write may be sent again; undefined when the caller gave none. */
export function idempotencyKeyIn(metadata: Metadata): string | undefined {
  const [key] = metadata.get('idempotency-key');
  return typeof key === 'string' && key !== '' ? key : undefined;
}

/** Lets a call in only with a principal that a known process signed (requirement O4). */
@Injectable()
export class PrincipalGuard implements CanActivate {
  constructor(
    @Inject(PrincipalVerifier) private readonly verifier: PrincipalVerifier,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.get<boolean | undefined>(itemPrincipals, context.getHandler())) return true;
    const metadata = context.switchToRpc().getContext<Metadata>();
    const [token] = metadata.get('principal');
    const principal = typeof token === 'string' ? await this.verifier.verify(token) : undefined;
    if (!principal) throw refusal('UNAUTHENTICATED', 'PRINCIPAL_NOT_VERIFIED');
    if (isDryRun(metadata) && !this.reflector.get<boolean | undefined>(dryRuns, context.getHandler())) {
      const message = 'This cannot be tried without being done';
      throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: [{ pointer: '/query/dryRun', message }] });
    }
    principals.set(metadata, principal);
    return true;
  }
}

/** One server span for every traced RPC. */
@Injectable()
export class RpcSpan implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const traceparent = traceparentIn(context.switchToRpc().getContext<Metadata>());
    if (!traceparent) return next.handle();
    const span = spanOf(`${context.getClass().name}.${context.getHandler().name}`, 'server', traceparent);
    return next.handle().pipe(finalize(() => span.end()));
  }
}

const logger = new Logger('rpc');

/** What is thrown, as it is told: refusals as they say, outages retryable; a defect is logged, once, and told to nobody. */
function refusalIn(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (isOutage(error)) {
    logger.warn({ err: error }, 'a dependency is out');
    return refusal('UNAVAILABLE', 'DEPENDENCY_UNAVAILABLE', { retryAfterS: 1 });
  }
  logger.error({ err: error }, 'defect');
  return undefined;
}

/** How an item of a batched call fails with what was thrown. */
export function failureOf(error: unknown): Failure {
  return refusalIn(error)?.toFailure() ?? { status: status.INTERNAL, problem: undefined };
}

/** Turns what a controller throws into a gRPC status. */
@Catch()
export class RpcProblems implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    const told = refusalIn(error)?.toStatus() ?? { code: status.INTERNAL, details: 'INTERNAL' };
    return throwError(() => told);
  }
}
