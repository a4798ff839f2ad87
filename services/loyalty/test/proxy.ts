import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy in front of PostgreSQL that sees what is sent and can cut a connection at the worst moment. */
export class PostgresProxy {
  private readonly sockets = new Set<Socket>();
  private sent = '';
  private cutsAtCommit = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(databaseUrl: string): Promise<PostgresProxy> {
    const target = new URL(databaseUrl);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const url = new URL(databaseUrl);
    url.hostname = '127.0.0.1';
    url.port = String(address.port);
    const proxy = new PostgresProxy(server, url.toString());
    server.on('connection', (client) => {
      proxy.join(client, connect(Number(target.port), target.hostname));
    });
    return proxy;
  }

  /** Passes the next COMMITs on to the server and cuts the connection before their answer. */
  cutAfterCommit(times: number): void {
    this.cutsAtCommit = times;
  }

  /** How often a text was sent since the last call. */
  countSent(text: string): number {
    const count = this.sent.split(text).length - 1;
    this.sent = '';
    return count;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(client: Socket, server: Socket): void {
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        client.destroy();
        // What the client sent last must still reach the server.
        server.end();
      });
    }
    let isCut = false;
    client.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      this.sent += text;
      server.write(chunk);
      if (this.cutsAtCommit > 0 && text.includes('COMMIT')) {
        this.cutsAtCommit -= 1;
        isCut = true;
        setTimeout(() => client.destroy(), 50);
      }
    });
    server.on('data', (chunk) => {
      if (!isCut) client.write(chunk);
    });
  }
}
