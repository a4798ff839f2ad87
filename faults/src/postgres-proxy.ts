import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import {
  asksForEncryption,
  isCancelRequest,
  isCommit,
  MessageReader,
  startParameters,
  statementOf,
  tagOf,
  type WireMessage,
} from './postgres-wire.js';

/** A client's connection as it passes through the proxy. */
export interface Session {
  readonly user: string;
  readonly applicationName: string;
  /** Texts of the statements since the transaction before ended. */
  readonly statements: readonly string[];
}

/** `pass` lets the message through, `cut` ends the connection on both sides, `hold` keeps it open and passes nothing more. */
export type Verdict = 'pass' | 'cut' | 'hold';

/**
 * What happens to a COMMIT on its way. `sent`: the client has sent it, the server has not seen it. `done`: the server has
 * committed, the client has not heard of it.
 */
export type Trap = (moment: 'sent' | 'done', session: Session) => Verdict;

/** Stands between clients and a PostgreSQL on the loopback interface and can lose a COMMIT or its answer. */
export class PostgresProxy {
  /** Asked for every COMMIT and every answer to one; undefined lets all pass. */
  trap: Trap | undefined;

  private constructor(
    private readonly server: Server,
    private target: URL,
    private readonly sockets: Set<Socket>,
  ) {}

  /** @param targetUrl the server's URL; must be on 127.0.0.1 */
  static async start(targetUrl: string): Promise<PostgresProxy> {
    const target = new URL(targetUrl);
    if (target.hostname !== '127.0.0.1') throw new Error(`The proxy stands before servers of this machine only`);
    const sockets = new Set<Socket>();
    const server = createServer();
    const proxy = new PostgresProxy(server, target, sockets);
    server.on('connection', (client) => proxy.#accept(client));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  /** A URL of the target's server, by way of the proxy. */
  through(url: string): string {
    const { port } = this.server.address() as { port: number };
    return Object.assign(new URL(url), { port: String(port) }).toString();
  }

  /** Leads to another server from now on; who is connected to the old one is cut. */
  leadTo(targetUrl: string): void {
    this.target = new URL(targetUrl);
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  #accept(client: Socket): void {
    const server = connect(Number(this.target.port), '127.0.0.1');
    const passage = new Passage(client, server, (moment, session) => this.trap?.(moment, session) ?? 'pass');
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => passage.cut());
      socket.on('close', () => {
        this.sockets.delete(socket);
        passage.cut();
      });
    }
    client.on('data', (chunk) => passage.fromClient(chunk));
    server.on('data', (chunk) => passage.fromServer(chunk));
  }
}

/** The two sockets of one connection and what is known of its transaction. */
class Passage implements Session {
  user = '';
  applicationName = '';
  statements: string[] = [];
  readonly #fromClient = new MessageReader(true);
  readonly #fromServer = new MessageReader(false);
  readonly #prepared = new Map<string, string>();
  #isOpen = true;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly trap: Trap,
  ) {}

  fromClient(chunk: Buffer): void {
    for (const message of this.#fromClient.read(chunk)) {
      if (!this.#isOpen) return;
      if (asksForEncryption(message)) this.client.write('N');
      else if (!this.#hears(message) || this.#mayPass('sent')) forward(message, this.client, this.server);
    }
  }

  fromServer(chunk: Buffer): void {
    for (const message of this.#fromServer.read(chunk)) {
      if (!this.#isOpen) return;
      const isCommitted = tagOf(message) === 'COMMIT';
      if (isCommitted && !this.#mayPass('done')) return;
      if (isCommitted || tagOf(message) === 'ROLLBACK') this.statements = [];
      forward(message, this.server, this.client);
    }
  }

  cut(): void {
    this.#isOpen = false;
    this.client.destroy();
    this.server.destroy();
  }

  /** Notes what the client runs; answers whether it is a COMMIT. */
  #hears(message: WireMessage): boolean {
    if (message.type === '' && !isCancelRequest(message)) {
      const parameters = startParameters(message);
      this.user = parameters.user ?? '';
      this.applicationName = parameters.application_name ?? '';
    }
    const statement = statementOf(message);
    if (!statement) return false;
    if (message.type === 'P') {
      this.#prepared.set(statement.name, statement.text ?? '');
      return false;
    }
    const text = statement.text ?? this.#prepared.get(statement.name) ?? '';
    this.statements.push(text);
    return isCommit(text);
  }

  #mayPass(moment: 'sent' | 'done'): boolean {
    const verdict = this.trap(moment, this);
    if (verdict === 'cut') this.cut();
    if (verdict === 'hold') this.#isOpen = false;
    return verdict === 'pass';
  }
}

function forward(message: WireMessage, from: Socket, to: Socket): void {
  if (to.destroyed || to.write(message.raw)) return;
  from.pause();
  to.once('drain', () => from.resume());
}
