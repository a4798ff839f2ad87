/** One message of PostgreSQL's frontend/backend protocol, version 3. */
export interface WireMessage {
  /** A letter; '' for the first packet of a connection, which has none. */
  readonly type: string;
  readonly body: Buffer;
  /** As it came, to be passed on unchanged. */
  readonly raw: Buffer;
}

const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;

/** Cuts a stream of bytes into messages; what is incomplete waits for the next bytes. */
export class MessageReader {
  #waiting: Buffer = Buffer.alloc(0);
  #isFirst: boolean;

  /** @param startsUntyped true for what a client sends: its first packet carries no letter */
  constructor(startsUntyped: boolean) {
    this.#isFirst = startsUntyped;
  }

  *read(chunk: Buffer): Generator<WireMessage> {
    let bytes: Buffer = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk]);
    for (;;) {
      const letters = this.#isFirst ? 0 : 1;
      if (bytes.length < letters + 4) break;
      const length = letters + bytes.readInt32BE(letters);
      if (bytes.length < length) break;
      const raw = bytes.subarray(0, length);
      const message = { type: raw.toString('latin1', 0, letters), body: raw.subarray(letters + 4), raw };
      if (letters === 0 && !asksForEncryption(message)) this.#isFirst = false;
      bytes = bytes.subarray(length);
      this.#waiting = bytes;
      yield message;
    }
    this.#waiting = Buffer.from(bytes);
  }
}

/** Whether the client asks first whether the server would encrypt; it is answered with one letter, 'N' for no. */
export function asksForEncryption(message: WireMessage): boolean {
  const code = codeOf(message);
  return code === SSL_REQUEST || code === GSS_REQUEST;
}

/** Whether the packet asks to cancel the statement of another connection. */
export function isCancelRequest(message: WireMessage): boolean {
  return codeOf(message) === CANCEL_REQUEST;
}

/** The parameters of a start packet, such as `user`, `database`, `application_name`. */
export function startParameters(message: WireMessage): Record<string, string> {
  const words = message.body.toString('utf8', 4).split('\0');
  const pairs: Record<string, string> = {};
  for (let at = 0; at + 1 < words.length && words[at] !== ''; at += 2)
    pairs[words[at] as string] = words[at + 1] as string;
  return pairs;
}

/** What a client's message runs or prepares: the text of Query, the name and text of Parse, the statement of Bind. */
export function statementOf(message: WireMessage): { name: string; text: string | undefined } | undefined {
  switch (message.type) {
    case 'Q':
      return { name: '', text: textAt(message.body, 0) };
    case 'P': {
      const name = textAt(message.body, 0);
      return { name, text: textAt(message.body, Buffer.byteLength(name) + 1) };
    }
    case 'B': {
      const portal = textAt(message.body, 0);
      return { name: textAt(message.body, Buffer.byteLength(portal) + 1), text: undefined };
    }
    default:
      return undefined;
  }
}

/** The tag of CommandComplete, such as `COMMIT` or `INSERT 0 1`; undefined for every other message of the server. */
export function tagOf(message: WireMessage): string | undefined {
  return message.type === 'C' ? textAt(message.body, 0) : undefined;
}

/** Whether the text ends a transaction well. */
export function isCommit(text: string): boolean {
  return /(^|;)\s*(commit|end)(\s+(work|transaction))?\s*;?\s*$/i.test(text);
}

function codeOf(message: WireMessage): number | undefined {
  return message.type === '' && message.body.length >= 4 ? message.body.readInt32BE(0) : undefined;
}

function textAt(body: Buffer, from: number): string {
  const end = body.indexOf(0, from);
  return body.toString('utf8', from, end === -1 ? body.length : end);
}
