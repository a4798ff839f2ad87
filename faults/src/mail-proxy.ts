import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a sender and a mail server on the loopback interface and sees when a mail has been taken. */
export class MailProxy {
  /**
   * Called when the server has said yes to a mail and the sender has not heard it yet. Answers whether the yes may pass;
   * otherwise the connection is cut.
   */
  onTaken: (() => boolean) | undefined;

  private constructor(
    private readonly server: Server,
    private readonly sockets: Set<Socket>,
  ) {}

  /** @param targetUrl such as smtp://127.0.0.1:8026, asked at each connection, because the server may start later */
  static async start(targetUrl: () => string): Promise<MailProxy> {
    const sockets = new Set<Socket>();
    const server = createServer();
    const proxy = new MailProxy(server, sockets);
    server.on('connection', (client) => proxy.#accept(client, new URL(targetUrl())));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  #accept(client: Socket, target: URL): void {
    if (target.hostname !== '127.0.0.1') throw new Error('The proxy stands before servers of this machine only');
    const server = connect(Number(target.port), '127.0.0.1');
    const cut = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', cut);
      socket.on('close', () => {
        this.sockets.delete(socket);
        cut();
      });
    }
    let end = '';
    let isMailSent = false;
    client.on('data', (chunk) => {
      end = (end + chunk.toString('latin1')).slice(-5);
      if (end === '\r\n.\r\n') isMailSent = true;
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      const isTaken = isMailSent && chunk.toString('latin1').startsWith('250');
      if (isTaken) isMailSent = false;
      if (isTaken && this.onTaken?.() === false) cut();
      else client.write(chunk);
    });
  }
}
