import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

/** A reply other than "taken": SMTP code and text. */
export interface Refusal {
  readonly responseCode: number;
  readonly message: string;
}

/** A provider that speaks real SMTP and keeps what it takes. */
export class Mailbox {
  /** In the order taken. */
  readonly taken: Email[] = [];
  /** Asked for every recipient. */
  onRecipient: (address: string) => Refusal | undefined = () => undefined;
  /** Asked when a message has arrived, before the provider says yes. */
  onMessage: (email: Email) => Promise<Refusal | undefined> = async () => undefined;
  readonly #server: SMTPServer;

  private constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      disableReverseLookup: true,
      onRcptTo: ({ address }, _session, done) => done(errorOf(this.onRecipient(address))),
      onData: (stream, _session, done) => {
        this.#take(stream).then((refusal) => done(errorOf(refusal)), done);
      },
    });
    // A client that is killed in the middle of a session is part of what is tested.
    this.#server.on('error', () => undefined);
  }

  static async open(): Promise<Mailbox> {
    const mailbox = new Mailbox();
    await new Promise<void>((resolve) => mailbox.#server.listen(0, '127.0.0.1', resolve));
    return mailbox;
  }

  get url(): string {
    const { port } = this.#server.server.address() as AddressInfo;
    return `smtp://127.0.0.1:${port}`;
  }

  to(address: string): Email[] {
    return this.taken.filter((email) => email.to?.some((recipient) => recipient.address === address));
  }

  /** Cuts every line that is open. */
  cut(): void {
    for (const connection of this.#server.connections) connection.close();
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(resolve);
      this.cut();
    });
  }

  async #take(stream: NodeJS.ReadableStream): Promise<Refusal | undefined> {
    const email = await PostalMime.parse(await buffer(stream));
    const refusal = await this.onMessage(email);
    if (!refusal) this.taken.push(email);
    return refusal;
  }
}

function errorOf(refusal: Refusal | undefined): Error | undefined {
  return refusal && Object.assign(new Error(refusal.message), { responseCode: refusal.responseCode });
}
