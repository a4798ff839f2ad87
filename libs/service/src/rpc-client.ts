import { Client, credentials, Metadata, type MethodDefinition, type ServiceError, status } from '@grpc/grpc-js';
import { type Failure, Problem } from '@regulars/contracts/call/v1/call';

/** The unary methods of a generated service definition. */
export type Definition = Record<string, MethodDefinition<never, unknown>>;

type RequestOf<Method> = Method extends { requestSerialize: (value: infer Request) => Buffer } ? Request : never;
type ResponseOf<Method> = Method extends { responseDeserialize: (value: Buffer) => infer Response } ? Response : never;

/** What goes with a call. */
export interface CallOptions {
  /** The signed principal; leave it out only where every item of the call carries its own. */
  readonly principal?: string;
  /** When to give up: a moment. */
  readonly deadline: Date | number;
  readonly traceparent?: string | undefined;
  /** Of a write that may be sent again: see `once`. */
  readonly idempotencyKey?: string;
  /** Tells what a write would do and does nothing; refused by a method that cannot. */
  readonly dryRun?: boolean;
}

/** A promise for every RPC of a service. */
export type RpcClient<Service> = {
  readonly [Method in keyof Service]: (
    request: RequestOf<Service[Method]>,
    options: CallOptions,
  ) => Promise<ResponseOf<Service[Method]>>;
} & { close(): void };

const statuses = new Map<number, status>(
  Object.values(status).flatMap((value) => (typeof value === 'number' ? [[value, value]] : [])),
);

/** An answer other than OK. `problem` is there when the service said why. */
export class RpcFailure extends Error {
  constructor(
    readonly status: status,
    readonly problem: Problem | undefined,
    message: string,
  ) {
    super(message);
    this.name = 'RpcFailure';
  }

  /** Of an item that failed in a batched call. */
  static ofItem(failure: Failure, what: string): RpcFailure {
    const code = statuses.get(failure.status) ?? status.UNKNOWN;
    return new RpcFailure(code, failure.problem, `${what}: ${status[code]}`);
  }
}

const channelOptions = {
  'grpc.keepalive_time_ms': 20_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  // Pods come and go: addresses that were left behind are asked for anew at once, not after half a minute.
  'grpc.dns_min_time_between_resolutions_ms': 1_000,
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
};

const balancing = { loadBalancingConfig: [{ round_robin: {} }] };

/** A pod that ends may take a call with it: it goes to another one, a few times and never without end. */
const repeating = {
  maxAttempts: 3,
  initialBackoff: '0.05s',
  maxBackoff: '0.5s',
  backoffMultiplier: 3,
  retryableStatusCodes: ['UNAVAILABLE'],
};

/**
 * A client for a generated service definition.
 *
 * @param address host:port, or a `dns:///` name whose addresses are used in turn
 * @param safeToRepeat whether every method may be called again where nobody knows what became of the first call
 */
export function rpcClient<Service extends object>(
  service: Service,
  address: string,
  safeToRepeat = false,
): RpcClient<Service> {
  const config = safeToRepeat
    ? { ...balancing, methodConfig: [{ name: [{ service: nameOf(service) }], retryPolicy: repeating }] }
    : balancing;
  const channel = new Client(address, credentials.createInsecure(), {
    ...channelOptions,
    'grpc.service_config': JSON.stringify(config),
  });
  const methods = Object.entries(service as Definition).map(([name, method]) => [
    name,
    (request: never, options: CallOptions) => call(channel, method, request, options, safeToRepeat ? 1 : 0),
  ]);
  return { ...Object.fromEntries(methods), close: () => channel.close() } as RpcClient<Service>;
}

/** Full name of a service, such as `regulars.loyalty.v1.PurchaseService`. */
function nameOf(service: object): string {
  const [first] = Object.values(service as Definition);
  return first?.path.split('/')[1] ?? '';
}

/**
 * @param repeats how often it may be called again where its answer was cut off: gRPC itself calls again only until an
 *   answer has begun, and a pod that ends may take the rest of it along
 */
function call(
  channel: Client,
  method: MethodDefinition<never, unknown>,
  request: never,
  options: CallOptions,
  repeats: number,
): Promise<unknown> {
  const metadata = new Metadata();
  if (options.principal) metadata.set('principal', options.principal);
  if (options.traceparent) metadata.set('traceparent', options.traceparent);
  if (options.idempotencyKey) metadata.set('idempotency-key', options.idempotencyKey);
  if (options.dryRun) metadata.set('dry-run', 'true');
  return new Promise((resolve, reject) => {
    let isAnswering = false;
    const begun = channel.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadata,
      { deadline: options.deadline },
      (error, response) => {
        if (!error) {
          resolve(response);
          return;
        }
        const failure = failureOf(error, method.path);
        const isCutOff = isAnswering && failure.status === status.UNAVAILABLE && !failure.problem;
        if (isCutOff && repeats > 0) resolve(call(channel, method, request, options, repeats - 1));
        else reject(failure);
      },
    );
    begun.once('metadata', () => {
      isAnswering = true;
    });
  });
}

function failureOf(error: ServiceError, path: string): RpcFailure {
  const [packed] = error.metadata.get('problem-bin');
  const problem = Buffer.isBuffer(packed) ? Problem.decode(packed) : undefined;
  return new RpcFailure(error.code, problem, `${path}: ${status[error.code]} ${error.details}`);
}
