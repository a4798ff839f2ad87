import { Agent, type IncomingHttpHeaders, request } from 'node:http';

/** An HTTP answer as it came. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface HttpCall {
  readonly method: 'GET' | 'POST';
  /** Must be on 127.0.0.1: these suites load nobody else's servers. */
  readonly url: string;
  readonly bearer?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long the caller waits. */
  readonly patienceMs: number;
}

/** Connections that are kept open; as many as there are calls at the same time, up to `most`. */
export function keptConnections(most: number): Agent {
  return new Agent({ keepAlive: true, maxSockets: most, maxFreeSockets: most });
}

/** Resolves with the answer; with undefined where the connection ended, was refused or stayed silent. */
export function call(
  agent: Agent,
  { method, url, bearer, headers, body, patienceMs }: HttpCall,
): Promise<HttpAnswer | undefined> {
  const { hostname } = new URL(url);
  if (hostname !== '127.0.0.1') throw new Error(`${hostname} is not this machine`);
  return new Promise((resolve) => {
    const outgoing = request(url, {
      agent,
      method,
      headers: {
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    });
    const late = setTimeout(() => outgoing.destroy(), patienceMs);
    const end = (answer: HttpAnswer | undefined) => {
      clearTimeout(late);
      resolve(answer);
    };
    outgoing.on('error', () => end(undefined));
    outgoing.on('close', () => end(undefined));
    outgoing.on('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('end', () => {
        if (incoming.complete) end({ status: incoming.statusCode ?? 0, headers: incoming.headers, text });
      });
      incoming.on('error', () => end(undefined));
    });
    outgoing.end(body);
  });
}
