import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exchange } from './exchanges.js';

/** What is done to a write of the till instead of passing it on and back. */
export type Fault =
  /** The gateway does it, and the till hears nothing. */
  | { readonly kind: 'answer-lost' }
  /** The gateway does it, and the till hears of it late. */
  | { readonly kind: 'answer-late'; readonly byMs: number }
  /** The gateway never sees it. */
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfterS?: number }
  /** Of a request that is signed: the gateway never sees it, and the till hears that its clock is off. */
  | { readonly kind: 'clock-told'; readonly aheadS: number }
  /** The gateway does it, and the answer has a field that the till cannot know. */
  | { readonly kind: 'answer-grown' };

/** Stands between a till and the gateway: passes everything on, writes down every write, and plays the faults. */
export class Watch {
  readonly exchanges: Exchange[] = [];
  /** Faults for the next writes, in order. */
  readonly faults: Fault[] = [];
  /** Whether every connection is cut, as when the line is out. */
  isOffline = false;

  private constructor(
    private readonly gateway: string,
    private readonly server: Server,
  ) {}

  static async start(gateway: string, port: number): Promise<Watch> {
    const server = createServer();
    const watch = new Watch(gateway, server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      watch.handle(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    return watch;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.isOffline) {
      request.socket.destroy();
      return;
    }
    const body = await text(request);
    const path = request.url ?? '/';
    if (request.method !== 'POST') {
      await this.answer(response, await this.pass(request, path, body), undefined);
      return;
    }
    const exchange: Exchange = {
      atMs: Date.now(),
      path,
      bearer: (request.headers.authorization ?? '').replace(/^Bearer /, ''),
      idempotencyKey: String(request.headers['idempotency-key'] ?? ''),
      signatureInput: String(request.headers['signature-input'] ?? ''),
      digest: String(request.headers['content-digest'] ?? ''),
      body,
      answered: undefined,
    };
    this.exchanges.push(exchange);
    const fault = this.faults.shift();
    if (fault?.kind === 'answered') {
      await this.answer(response, played(fault.status, fault.retryAfterS), exchange);
      return;
    }
    if (fault?.kind === 'clock-told' && exchange.signatureInput !== '') {
      await this.answer(response, clockTold(exchange.atMs, fault.aheadS), exchange);
      return;
    }
    const answer = await this.pass(request, path, body);
    if (fault?.kind === 'answer-lost') {
      response.destroy();
      return;
    }
    if (fault?.kind === 'answer-late') await sleep(fault.byMs);
    await this.answer(response, fault?.kind === 'answer-grown' ? await grown(answer) : answer, exchange);
  }

  private pass(request: IncomingMessage, path: string, body: string): Promise<Response> {
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
    return fetch(`${this.gateway}${path}`, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(body !== '' && { body }),
    });
  }

  private async answer(response: ServerResponse, answer: Response, exchange: Exchange | undefined): Promise<void> {
    const body = await answer.text();
    const {
      'content-length': _,
      'transfer-encoding': __,
      'content-encoding': ___,
      ...headers
    } = Object.fromEntries(answer.headers);
    if (response.destroyed) return;
    response.writeHead(answer.status, headers).end(body);
    if (exchange) exchange.answered = { status: answer.status, atMs: Date.now(), body };
  }
}

async function grown(answer: Response): Promise<Response> {
  const body = (await answer.json()) as object;
  return new Response(JSON.stringify({ ...body, fieldOfTomorrow: { stars: 5 } }), answer);
}

/** A problem that the gateway could have answered. */
function played(status: number, retryAfterS: number | undefined): Response {
  const code = status === 409 ? 'RECEIPT_CONFLICT' : 'DEPENDENCY_UNAVAILABLE';
  return problem(
    { code, status, retryable: status !== 409 },
    retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) },
  );
}

function clockTold(nowMs: number, aheadS: number): Response {
  const clock = { serverTime: new Date(nowMs).toISOString(), aheadS };
  return problem({ code: 'SIGNATURE_TIME_OFF', status: 401, retryable: false, clock });
}

function problem(
  body: { readonly status: number } & Readonly<Record<string, unknown>>,
  headers: Record<string, string> = {},
): Response {
  return new Response(JSON.stringify({ ...body, title: 'Played by the conformance run' }), {
    status: body.status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  });
}
