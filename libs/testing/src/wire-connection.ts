import { connect, type Socket } from 'node:net';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const LENGTH = /\r\ncontent-length: *(\d+)/i;

/** Called with the status and the body of an answer. */
export type OnAnswer = (status: number, body: Buffer) => void;

/**
 * One keep-alive HTTP/1.1 connection with at most one request under way, made to cost little: the generator shares the
 * cores with what it measures. It reads answers with a content-length only, which is what JSON routes send.
 */
export class WireConnection {
  private received: Buffer | undefined;
  private onAnswer: OnAnswer | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly onFailure: (error: Error) => void,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', onFailure);
    socket.on('close', () => this.onAnswer && onFailure(new Error('The connection was closed before its answer')));
  }

  /** @param onFailure called when the connection breaks or the answer cannot be read */
  static open(url: URL, onFailure: (error: Error) => void): Promise<WireConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: url.hostname, port: Number(url.port) });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new WireConnection(socket, onFailure));
      });
    });
  }

  /** @param request head and body as they go over the wire; only when the answer before has come */
  send(request: string, onAnswer: OnAnswer): void {
    this.onAnswer = onAnswer;
    this.socket.write(request);
  }

  close(): void {
    this.onAnswer = undefined;
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    const data = this.received ? Buffer.concat([this.received, chunk]) : chunk;
    const headEnd = data.indexOf(END_OF_HEAD);
    if (headEnd < 0) {
      this.received = data;
      return;
    }
    const head = data.toString('latin1', 0, headEnd);
    const length = LENGTH.exec(head)?.[1];
    if (length === undefined) {
      this.onFailure(new Error(`An answer without content-length: ${head}`));
      return;
    }
    const bodyStart = headEnd + END_OF_HEAD.length;
    const bodyEnd = bodyStart + Number(length);
    if (data.length < bodyEnd) {
      this.received = data;
      return;
    }
    this.received = undefined;
    const onAnswer = this.onAnswer;
    this.onAnswer = undefined;
    onAnswer?.(Number(head.slice(9, 12)), data.subarray(bodyStart, bodyEnd));
  }
}
