import { Inject, Injectable } from '@nestjs/common';
import { CodeRequested } from '@regulars/contracts/members/v1/members_events';
import { appendToOutbox, Outbox, type OutboxEvent } from '@regulars/messaging';
import { CLOCK, type Clock, once } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { validate as isUuid, v4 as uuidv4, v7 as uuidv7 } from 'uuid';
import type { Caller } from '../caller.js';
import { ContactsService } from '../members/contacts.service.js';
import { memberTopic } from '../members/members.js';
import { MembersService } from '../members/members.service.js';
import { AccessLogService } from '../privacy/access-log.service.js';
import { VaultService } from '../privacy/vault.service.js';
import {
  type ChallengePurpose,
  type ContactKind,
  decideTry,
  goodForMs,
  mostCodesAnHour,
  type TryResult,
} from './challenge.js';
import {
  addChallenge,
  type ChallengeRow,
  codesSentTo,
  countTry,
  forgetChallenges,
  hasNoTryLeft,
  type NamedChallenge,
  openChallenge,
  useUp,
} from './verification.store.js';

type No<Reason> = { readonly outcome: 'refused'; readonly reason: Reason };
type Taken = 'MOBILE_TAKEN' | 'EMAIL_TAKEN';

export interface StartedChallenge {
  readonly challengeId: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}
type Begun =
  | ({ readonly outcome: 'started' } & StartedChallenge)
  | No<'TOO_MANY_CODES' | 'MEMBER_UNKNOWN' | 'NO_CONTACT' | Taken>;
export type Start =
  | ({ readonly outcome: 'started'; readonly replayed: boolean } & StartedChallenge)
  | Extract<Begun, { outcome: 'refused' }>
  | No<'IDEMPOTENCY_KEY_REUSED'>;
export type Try = Exclude<TryResult, 'right'> | 'CHALLENGE_UNKNOWN';
export type Verified =
  | { readonly outcome: 'verified'; readonly memberId: string; readonly kind: ContactKind; readonly takenOver: boolean }
  | No<Try | Taken | 'MEMBER_UNKNOWN'>;
export type SignedIn = { readonly outcome: 'signed-in'; readonly memberId: string } | No<Try>;

/** A verification that is asked for. */
export interface Wanted {
  readonly idempotencyKey: string;
  readonly memberId: string;
  readonly kind: ContactKind;
  /** Empty for the contact on record. */
  readonly value: string;
}

const challengesKeptMs = 86_400_000;
const challengesAtOnce = 1_000;

/** One-time codes, decided exactly in one transaction each (requirements M3, M12). */
@Injectable()
export class VerificationService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(ContactsService) private readonly contacts: ContactsService,
    @Inject(AccessLogService) private readonly accessLog: AccessLogService,
    @Inject(Outbox) private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Has a code sent to a contact of a member, or to one that is to become hers. Safe to repeat under its key. */
  async start(caller: Caller, wanted: Wanted): Promise<Start> {
    const { idempotencyKey: key, ...body } = wanted;
    const write = { caller: caller.principal.sub, route: 'StartVerification', key, body: this.vault.fingerprint(body) };
    const done = await this.dataSource.transaction((tx) => once(tx, write, () => this.begin(tx, caller, wanted)));
    this.outbox.wake();
    if (done.outcome === 'refused') return done;
    return done.result.outcome === 'refused' ? done.result : { ...done.result, replayed: done.replayed };
  }

  /** Gives a code back: the member then holds the contact. A try that fails is counted all the same. */
  async verify(caller: Caller, memberId: string, challengeId: string, code: string): Promise<Verified> {
    const verified = await this.dataSource.transaction(async (tx): Promise<Verified> => {
      const tried = await this.try(tx, { challengeId, purpose: 'contact', memberId }, code);
      if (tried.outcome === 'refused') return tried;
      const { kind, valueSealed } = tried.challenge;
      const member = await this.members.sealed(memberId, tx);
      if (!member || !valueSealed) return { outcome: 'refused', reason: 'CHALLENGE_UNKNOWN' };
      const value = member.sealing.open('challenge.value', valueSealed);
      const taking = await this.contacts.take(tx, caller, member, { kind, value });
      return taking.outcome === 'refused'
        ? taking
        : { outcome: 'verified', memberId, kind, takenOver: taking.takenOver };
    });
    this.outbox.wake();
    return verified;
  }

  /** Has a code sent to whoever has this contact. Answers the same, and counts the same, when nobody has. */
  async startSignIn(kind: ContactKind, value: string): Promise<StartedChallenge | 'TOO_MANY_CODES'> {
    const found = await this.members.idBy(kind, value);
    const begun = await this.dataSource.transaction(async (tx) => {
      const member = found === undefined ? undefined : await this.members.sealed(found, tx);
      return this.send(tx, 'sign-in', kind, value, member, undefined);
    });
    this.outbox.wake();
    return begun.outcome === 'started' ? begun : 'TOO_MANY_CODES';
  }

  /** Gives the code of a sign-in back. */
  async signIn(challengeId: string, code: string): Promise<SignedIn> {
    return this.dataSource.transaction(async (tx): Promise<SignedIn> => {
      const tried = await this.try(tx, { challengeId, purpose: 'sign-in', memberId: undefined }, code);
      if (tried.outcome === 'refused') return tried;
      const { memberId } = tried.challenge;
      // Nobody was sent this code; who guessed it learns nothing from that.
      if (memberId === null) return { outcome: 'refused', reason: 'CODE_WRONG' };
      await this.contacts.seen(tx, memberId);
      return { outcome: 'signed-in', memberId };
    });
  }

  /** What has to be sent, for the service that sends; undefined once the challenge ended. Logged before it leaves. */
  async code(caller: Caller, challengeId: string) {
    const { manager } = this.dataSource;
    const challenge = isUuid(challengeId) ? await openChallenge(manager, challengeId, this.clock.now()) : undefined;
    const { memberId, kind, valueSealed } = challenge ?? {};
    const member = memberId ? await this.members.sealed(memberId) : undefined;
    if (!member || !kind || !valueSealed) return undefined;
    await this.accessLog.record(caller, [member.memberId], ['name', kind], 'message:one-time-code');
    const value = member.sealing.open('challenge.value', valueSealed);
    return { code: this.vault.codeOf(challengeId), kind, value, name: member.clearName(), language: member.language };
  }

  /** Forgets challenges of yesterday. @returns how many */
  forgetSome(): Promise<number> {
    const before = new Date(this.clock.now().getTime() - challengesKeptMs);
    return forgetChallenges(this.dataSource.manager, before, challengesAtOnce);
  }

  private async begin(tx: EntityManager, caller: Caller, { memberId, kind, value }: Wanted): Promise<Begun> {
    const member = await this.members.sealed(memberId, tx);
    if (!member) return { outcome: 'refused', reason: 'MEMBER_UNKNOWN' };
    const wanted = value || member.clearContact(kind);
    if (wanted === '') return { outcome: 'refused', reason: 'NO_CONTACT' };
    if (await this.contacts.isTaken(tx, kind, wanted, memberId)) {
      return { outcome: 'refused', reason: kind === 'mobile' ? 'MOBILE_TAKEN' : 'EMAIL_TAKEN' };
    }
    return this.send(tx, 'contact', kind, wanted, member, caller.traceparent);
  }

  private async send(
    tx: EntityManager,
    purpose: ChallengePurpose,
    kind: ContactKind,
    value: string,
    member: Awaited<ReturnType<MembersService['sealed']>>,
    traceparent: string | undefined,
  ): Promise<({ outcome: 'started' } & StartedChallenge) | No<'TOO_MANY_CODES'>> {
    const now = this.clock.now();
    const valueIndex = this.vault.blindIndex(kind, value);
    if ((await codesSentTo(tx, valueIndex, new Date(now.getTime() - 3_600_000))) >= mostCodesAnHour) {
      return { outcome: 'refused', reason: 'TOO_MANY_CODES' };
    }
    const challenge: ChallengeRow = {
      // Not in the order of time: it should tell nothing about how many others there are.
      challengeId: uuidv4(),
      memberId: member?.memberId ?? null,
      purpose,
      kind,
      valueSealed: member?.sealing.seal('challenge.value', value) ?? null,
      valueIndex,
      createdAt: now,
      expiresAt: new Date(now.getTime() + goodForMs),
    };
    await addChallenge(tx, challenge);
    const event = member && codeRequested(challenge, member.memberId);
    if (event) await appendToOutbox(tx, [traceparent ? { ...event, traceparent } : event]);
    const { challengeId, expiresAt } = challenge;
    return { outcome: 'started', challengeId, expiresAt: expiresAt.toISOString() };
  }

  private async try(
    tx: EntityManager,
    named: NamedChallenge,
    code: string,
  ): Promise<{ outcome: 'right'; challenge: ChallengeRow } | No<Try>> {
    // Whoever tries on after the last try is answered without waiting for the row.
    const { challengeId, memberId = challengeId } = named;
    if (!isUuid(challengeId) || !isUuid(memberId)) return { outcome: 'refused', reason: 'CHALLENGE_UNKNOWN' };
    if (await hasNoTryLeft(tx, named)) return { outcome: 'refused', reason: 'TOO_MANY_TRIES' };
    const challenge = await countTry(tx, named);
    if (!challenge) return { outcome: 'refused', reason: 'CHALLENGE_UNKNOWN' };
    const now = this.clock.now();
    const result = decideTry(challenge, this.vault.codeOf(challengeId), code, now);
    if (result !== 'right') return { outcome: 'refused', reason: result };
    await useUp(tx, challengeId, now);
    return { outcome: 'right', challenge };
  }
}

function codeRequested({ challengeId, expiresAt }: ChallengeRow, memberId: string): OutboxEvent {
  return {
    id: uuidv7(),
    topic: memberTopic,
    key: memberId,
    type: 'regulars.members.v1.CodeRequested',
    payload: CodeRequested.toJSON({ challengeId, memberId, expiresAt }) as object,
  };
}
