import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { MethodDefinition } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type RpcClient, rpcClient } from './rpc-client.js';

const method: MethodDefinition<Buffer, Buffer> = {
  path: '/test.v1.Greeting/Greet',
  requestStream: false,
  responseStream: false,
  requestSerialize: (bytes) => bytes,
  requestDeserialize: (bytes) => bytes,
  responseSerialize: (bytes) => bytes,
  responseDeserialize: (bytes) => bytes,
};
const service = { greet: method };
const headers = { ':status': 200, 'content-type': 'application/grpc' };
const hello = Buffer.from('hello');

describe('A call whose pod ends while it answers', () => {
  const servers: { server: Http2Server; sessions: Set<ServerHttp2Session> }[] = [];
  const clients: RpcClient<typeof service>[] = [];

  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    for (const { server, sessions } of servers.splice(0)) {
      for (const session of sessions) session.destroy();
      server.close();
    }
  });

  /** Begins to answer the first calls and goes; answers the others. */
  async function greeter(cutOff: number): Promise<{ address: string; calls: () => number }> {
    let calls = 0;
    const sessions = new Set<ServerHttp2Session>();
    const server = createServer();
    server.on('session', (session) => sessions.add(session));
    server.on('stream', (stream: ServerHttp2Stream) => {
      calls += 1;
      stream.on('error', () => undefined);
      stream.respond(headers, { waitForTrailers: true });
      if (calls <= cutOff) {
        setTimeout(() => stream.session?.destroy(), 100);
        return;
      }
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      const length = Buffer.alloc(5);
      length.writeUInt32BE(hello.length, 1);
      stream.end(Buffer.concat([length, hello]));
    });
    servers.push({ server, sessions });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, calls: () => calls };
  }

  const greet = (address: string, safeToRepeat: boolean) => {
    const client = rpcClient(service, address, safeToRepeat);
    clients.push(client);
    return client.greet(Buffer.alloc(3), { deadline: Date.now() + 20_000 });
  };

  it('[O1] is made again where that is safe, though gRPC takes an answer that has begun for given', async () => {
    const { address, calls } = await greeter(1);
    expect(String(await greet(address, true))).toBe('hello');
    expect(calls()).toBe(2);
  });

  it('[O1] is made again once, so that an owner who is out is not called without end', async () => {
    const { address, calls } = await greeter(10);
    await expect(greet(address, true)).rejects.toMatchObject({ name: 'RpcFailure', status: 14 });
    expect(calls()).toBe(2);
  });

  it('[O1] fails where nobody knows whether it may happen twice', async () => {
    const { address, calls } = await greeter(1);
    await expect(greet(address, false)).rejects.toMatchObject({ status: 14 });
    expect(calls()).toBe(1);
  });
});
