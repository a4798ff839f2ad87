import { Inject, Injectable } from '@nestjs/common';
import { appendToOutbox, Outbox } from '@regulars/messaging';
import { CLOCK, type Clock, cutPage, membersBehind, type Page, restrictedAmong, survivorsOf } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { StoresService, type StoreText } from '../stores/stores.service.js';
import { type Attempt, type Verdict, verdictOn } from './delivery.js';
import { type Mail, MailClient, mailConnections } from './mail.client.js';
import { MembersClient, type Recipient } from './members.client.js';
import { type ClaimedMessage, type ListedMessage, MessagesStore } from './messages.store.js';
import { messageEnded } from './outcome.js';
import { render } from './render.js';
import { codeTemplate, type TemplateName, templates, type Variables } from './templates.js';

export type { ListedMessage };

/** Something that a member is to hear of. */
export interface Cause<Name extends TemplateName = TemplateName> {
  /** Id of the event; with member and template it makes the message unique (requirement N6). */
  readonly causeId: string;
  readonly memberId: string;
  readonly template: Name;
  /** The store it is about, where the template is about one. */
  readonly storeId?: string;
  readonly variables: Variables<Name>;
  /** When it happened: its message is worth sending for so long after. */
  readonly occurredAt: Date;
}

/** How a message that was due ended this time. */
export interface Tried {
  readonly template: TemplateName;
  readonly state: Verdict['state'];
  /** Whether it was sent although the provider may have taken an earlier try. */
  readonly possibleDuplicate: boolean;
}

/** Most messages that one call of `sendDue` takes; members are asked for at most so many contacts at once. */
export const sendingBatch = 200;
const leaseMs = 60_000;
/** Well before the lease ends, so that the outcome of a slow batch is still written under it. */
const sendingMs = 30_000;

@Injectable()
export class MessagesService {
  #listener: (() => void) | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly store: MessagesStore,
    private readonly stores: StoresService,
    private readonly members: MembersClient,
    private readonly mail: MailClient,
    private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Writes a message for each cause in the caller's transaction: one per cause, recipient and template, however often it
   * is heard (requirement N6). Who is known to have no address is not asked for one: the message ends with its reason. Of
   * members who are one person, the survivor has the address, and a restriction of any of them stops what is not owed
   * (requirements M5, M6).
   */
  async hear(tx: EntityManager, causes: readonly Cause[]): Promise<void> {
    if (causes.length === 0) return;
    const now = this.clock.now();
    const survivors = await survivorsOf(tx, memberIdsOf(causes));
    const survivorOf = (memberId: string) => survivors.get(memberId) ?? memberId;
    const restricted = new Set([...(await restrictedAmong(tx, [...survivors.keys()]))].map(survivorOf));
    const messages = causes.map(({ occurredAt, ...cause }) => ({
      ...cause,
      addresseeId: survivorOf(cause.memberId),
      isRestricted: restricted.has(survivorOf(cause.memberId)),
      messageId: uuidv7({ msecs: now.getTime() }),
      storeId: cause.storeId,
      expiresAt: new Date(occurredAt.getTime() + templates[cause.template].goodForHours * 3_600_000),
    }));
    const waiting = await this.store.insert(tx, messages, now);
    if (waiting > 0) this.#listener?.();
  }

  /** The job that sends registers itself here; it is told of new messages shortly before they are committed. */
  onHeard(listener: () => void): void {
    this.#listener = listener;
  }

  /** Messages of a member and of whom was merged into her, newest first. */
  async list(memberId: string, page: Page): Promise<{ messages: readonly ListedMessage[]; nextCursor: string }> {
    const tx = this.dataSource.manager;
    const rows = await this.store.list(tx, await membersBehind(tx, memberId), page);
    const cut = cutPage(rows, page.limit, ({ messageId }) => [messageId]);
    return { messages: cut.page, nextCursor: cut.nextCursor };
  }

  /**
   * Sends a batch of due messages: lease and commit, then members and the provider are asked, then the outcomes and
   * their events are written where the lease is still held. A crash between the provider's yes and the last step sends
   * again under the same Message-ID, which is counted (requirement N6). Safe on several replicas at once.
   */
  async sendDue(): Promise<readonly Tried[]> {
    const token = uuidv7();
    const now = this.clock.now();
    const lease = { token, now, until: new Date(now.getTime() + leaseMs), most: sendingBatch };
    // A template that only the next version knows is left to its processes.
    const claimed = await this.store.claim(this.dataSource.manager, lease, Object.keys(templates));
    if (claimed.length === 0) return [];
    const attempts = await this.#tryAll(token, claimed, now);
    return this.#record(token, attempts);
  }

  async #tryAll(token: string, claimed: readonly ClaimedMessage[], now: Date): Promise<readonly MessageAttempt[]> {
    const expired = claimed.filter(({ expiresAt }) => expiresAt <= now);
    const live = claimed.filter(({ expiresAt }) => expiresAt > now);
    const survivors = await survivorsOf(this.dataSource.manager, memberIdsOf(live));
    const [contacts, stores] = await Promise.all([
      this.#contactsOf(live, survivors),
      this.stores.textsOf(
        this.dataSource.manager,
        live.flatMap(({ storeId }) => storeId ?? []),
      ),
    ]);
    const prepared = live.map((message) => prepare(message, contacts, survivors, stores));
    const sent = await this.#sendAll(token, prepared.filter(isReady));
    return [
      ...expired.map((message) => ({ message, attempt: { outcome: 'refused', reason: 'EXPIRED' } as const })),
      ...prepared.filter(isTried),
      ...sent,
    ];
  }

  /** As many at once as there are connections; what time did not suffice for stays under its lease, not begun. */
  async #sendAll(token: string, mails: readonly ReadyMail[]): Promise<readonly MessageAttempt[]> {
    const signal = AbortSignal.timeout(sendingMs);
    const attempts: MessageAttempt[] = [];
    for (let at = 0; at < mails.length && !signal.aborted; at += mailConnections) {
      attempts.push(...(await this.#sendSome(token, mails.slice(at, at + mailConnections), signal)));
    }
    return attempts;
  }

  async #sendSome(token: string, mails: readonly ReadyMail[], signal: AbortSignal): Promise<MessageAttempt[]> {
    const ids = mails.map(({ message }) => message.messageId);
    const begun = await this.store.beginSending(this.dataSource.manager, token, ids, this.clock.now());
    return Promise.all(
      mails
        .filter(({ message }) => begun.has(message.messageId))
        .map(async ({ message, mail }) => ({ message, mail, attempt: await this.mail.send(mail, signal) })),
    );
  }

  /** One question per template, because its name is the purpose that members writes down. */
  async #contactsOf(
    claimed: readonly ClaimedMessage[],
    survivors: ReadonlyMap<string, string>,
  ): Promise<ReadonlyMap<TemplateName, Contacts>> {
    const asked = [...new Set(claimed.map(({ template }) => template))].map(async (template) => {
      const memberIds = memberIdsOf(claimed.filter((message) => message.template === template));
      const addresseeIds = memberIds.map((memberId) => survivors.get(memberId) ?? memberId);
      const contacts =
        template === codeTemplate
          ? await this.members.codesOf(challengesIn(claimed))
          : await this.members.contactsOf(addresseeIds, `message:${template}`);
      return [template, contacts] as const;
    });
    return new Map(await Promise.all(asked));
  }

  async #record(token: string, attempts: readonly MessageAttempt[]): Promise<readonly Tried[]> {
    const now = this.clock.now();
    const ended = attempts.map(({ message, mail, attempt }) => ({
      message,
      messageId: message.messageId,
      language: mail?.language,
      verdict: verdictOn(message, attempt, now, Math.random()),
    }));
    const recorded = await this.dataSource.transaction(async (tx) => {
      const written = await this.store.record(tx, token, ended, now);
      const mine = ended.filter(({ messageId }) => written.has(messageId));
      await appendToOutbox(
        tx,
        mine.flatMap(({ message, verdict }) => messageEnded(uuidv7(), message, verdict, now) ?? []),
      );
      return mine;
    });
    this.outbox.wake();
    return recorded.map(({ message: { template, possibleDuplicate }, verdict: { state } }) => ({
      template,
      state,
      possibleDuplicate: possibleDuplicate && state === 'SENT',
    }));
  }
}

/** Undefined where members could not be asked. */
type Contacts = ReadonlyMap<string, Recipient> | undefined;

interface MessageAttempt {
  readonly message: ClaimedMessage;
  readonly mail?: Mail;
  readonly attempt: Attempt;
}

interface ReadyMail {
  readonly message: ClaimedMessage;
  readonly mail: Mail;
}

function isReady(prepared: MessageAttempt | ReadyMail): prepared is ReadyMail {
  return !('attempt' in prepared);
}

function isTried(prepared: MessageAttempt | ReadyMail): prepared is MessageAttempt {
  return 'attempt' in prepared;
}

/** The e-mail to be sent, or how the message ended before it came to that. */
function prepare(
  message: ClaimedMessage,
  contacts: ReadonlyMap<TemplateName, Contacts>,
  survivors: ReadonlyMap<string, string>,
  stores: ReadonlyMap<string, StoreText>,
): MessageAttempt | ReadyMail {
  const ended = (attempt: Attempt): MessageAttempt => ({ message, attempt });
  const known = contacts.get(message.template);
  if (!known) return ended({ outcome: 'not-now', reason: 'MEMBERS_UNAVAILABLE', maybeTaken: false });
  const addresseeId = survivors.get(message.memberId) ?? message.memberId;
  const contact = known.get(message.template === codeTemplate ? challengeIn(message) : addresseeId);
  if (!contact) return ended({ outcome: 'suppressed', reason: 'MEMBER_UNKNOWN' });
  if (!contact.email) return ended({ outcome: 'suppressed', reason: 'NO_ADDRESS' });
  const store = message.storeId === undefined ? undefined : stores.get(message.storeId);
  if (message.storeId !== undefined && !store)
    return ended({ outcome: 'not-now', reason: 'STORE_UNKNOWN', maybeTaken: false });
  const language = contact.language === 'en' ? 'en' : 'zh-CN';
  const rendering = render(
    templates[message.template],
    { ...message.variables, ...contact.secrets },
    { name: contact.name, language, store },
  );
  if (rendering.outcome === 'refused') return ended(rendering);
  return { message, mail: { ...rendering.message, messageId: message.messageId, to: contact.email, language } };
}

function memberIdsOf(about: readonly { readonly memberId: string }[]): string[] {
  return about.map(({ memberId }) => memberId);
}

function challengesIn(claimed: readonly ClaimedMessage[]): string[] {
  return claimed.filter(({ template }) => template === codeTemplate).map(challengeIn);
}

function challengeIn({ variables }: ClaimedMessage): string {
  return String(variables.challenge);
}
