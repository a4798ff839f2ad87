import { buffer } from 'node:stream/consumers';
import Fastify from 'fastify';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { type Html, html, page } from './page.js';

/** A message as it arrived. */
export interface SunkMessage {
  messageId: string;
  /** RFC 3339. */
  receivedAt: string;
  from: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
  /** The header `Content-Language`, as the sender set it; '' without one. */
  language: string;
}

const KEPT = 1_000;

/** Newest first. */
const messages: SunkMessage[] = [];

/**
 * The message sink: takes every e-mail that the platform sends, delivers none and keeps the last 1 000, on a page
 * (`GET /`) and as JSON (`GET /messages.json`), both narrowed by `?to=` an address.
 */
async function main(): Promise<void> {
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    size: 1024 * 1024,
    onData: (stream, _session, done) => {
      buffer(stream)
        .then((raw) => PostalMime.parse(raw))
        .then((email) => keep(sunk(email)))
        .then(() => done(), done);
    },
  });
  // A client that hangs up in the middle is the client's affair.
  smtp.on('error', () => undefined);
  const host = process.env.HOST ?? '127.0.0.1';
  smtp.listen(Number(process.env.SMTP_PORT), host);

  const http = Fastify({ forceCloseConnections: true });
  http.get<{ Querystring: { to?: string } }>('/messages.json', (request, reply) =>
    reply.send(addressedTo(request.query.to)),
  );
  http.get<{ Querystring: { to?: string } }>('/', (request, reply) =>
    reply.type('text/html; charset=utf-8').send(page('Messages · 消息', list(addressedTo(request.query.to)))),
  );
  await http.listen({ port: Number(process.env.PORT), host });
  process.once('SIGTERM', () => {
    smtp.close();
    void http.close().then(() => process.exit(0));
  });
}

function keep(message: SunkMessage): void {
  messages.unshift(message);
  messages.length = Math.min(messages.length, KEPT);
}

function sunk(email: Email): SunkMessage {
  return {
    messageId: email.messageId ?? '',
    receivedAt: new Date().toISOString(),
    from: email.from?.address ?? '',
    to: (email.to ?? []).map((each) => each.address ?? each.name),
    subject: email.subject ?? '',
    text: email.text ?? '',
    html: email.html ?? '',
    language: email.headers.find((header) => header.key === 'content-language')?.value ?? '',
  };
}

function addressedTo(address: string | undefined): SunkMessage[] {
  return address ? messages.filter((message) => message.to.includes(address)) : messages;
}

function list(shown: readonly SunkMessage[]): Html {
  if (shown.length === 0) return html`<p>Nothing was sent yet. · 还没有消息。</p>`;
  const articles = shown.map(
    (message) => html`<article>
  <h2>${message.subject}</h2>
  <small>${message.receivedAt} · ${message.from} → ${message.to.join(', ')} · ${message.language} · ${message.messageId}</small>
  <pre>${message.text}</pre>
</article>`,
  );
  return html`<p>What the platform sent, newest first. Nothing leaves this computer. · 平台发出的消息，最新的在前；都留在这台电脑上。</p>${articles}`;
}

await main();
