import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type Contact, MemberServiceService } from '@regulars/contracts/members/v1/members';
import { ContactKind, VerificationServiceService } from '@regulars/contracts/members/v1/verification';
import { type Principal, PrincipalSigner, type RpcClient, RpcFailure, rpcClient, SETTINGS } from '@regulars/service';
import type { NotificationsSettings } from '../notifications.config.js';

const itself: Principal = { sub: 'notifications', kind: 'service', roles: [], stores: '*' };
const deadlineMs = 3_000;

/** Who a message goes to, with what only its text may tell. */
export type Recipient = Contact & { readonly secrets?: Readonly<Record<string, string>> };

/** Asks members where people are reached, at the moment of sending; nothing of it is kept (architecture: "Personal data"). */
@Injectable()
export class MembersClient implements OnApplicationShutdown {
  readonly #log = new Logger(MembersClient.name);
  readonly #members: RpcClient<typeof MemberServiceService>;
  readonly #verifications: RpcClient<typeof VerificationServiceService>;
  readonly #smsDomain: string | undefined;

  constructor(
    @Inject(SETTINGS) settings: NotificationsSettings,
    private readonly signer: PrincipalSigner,
  ) {
    this.#members = rpcClient(MemberServiceService, settings.MEMBERS_ADDR);
    this.#verifications = rpcClient(VerificationServiceService, settings.MEMBERS_ADDR);
    this.#smsDomain = settings.SMS_MAIL_DOMAIN;
  }

  /**
   * Contacts of those members that exist, by id; undefined where members cannot be asked now.
   *
   * @param memberIds at most 200
   * @param purpose what members writes into its access log, such as `message:points-earned`
   */
  async contactsOf(memberIds: readonly string[], purpose: string): Promise<ReadonlyMap<string, Contact> | undefined> {
    try {
      const principal = await this.signer.sign(itself);
      const { contacts } = await this.#members.getContacts(
        { memberIds: [...new Set(memberIds)], purpose },
        { principal, deadline: Date.now() + deadlineMs },
      );
      return new Map(contacts.map((contact) => [contact.memberId, contact]));
    } catch (error) {
      if (!(error instanceof RpcFailure)) throw error;
      this.#log.warn({ grpcStatus: error.status, code: error.problem?.code }, 'members cannot be asked');
      return undefined;
    }
  }

  /** Where codes go and what they are, by challenge, of those that are still open; undefined where members is out. */
  async codesOf(challengeIds: readonly string[]): Promise<ReadonlyMap<string, Recipient> | undefined> {
    const principal = await this.signer.sign(itself);
    const deadline = Date.now() + deadlineMs;
    const codes = await Promise.all(challengeIds.map((challengeId) => this.#codeOf(challengeId, principal, deadline)));
    if (codes.includes('out')) return undefined;
    return new Map(codes.flatMap((code) => (code === 'out' || code === 'ended' ? [] : [code])));
  }

  async #codeOf(
    challengeId: string,
    principal: string,
    deadline: number,
  ): Promise<readonly [string, Recipient] | 'ended' | 'out'> {
    try {
      const { code, kind, value, name, language } = await this.#verifications.getCode(
        { challengeId },
        { principal, deadline },
      );
      const email = kind === ContactKind.EMAIL ? value : this.#smsAddress(value);
      return [challengeId, { memberId: '', name, mobile: '', email, language, secrets: { code } }];
    } catch (error) {
      if (!(error instanceof RpcFailure)) throw error;
      if (error.problem?.code === 'CHALLENGE_UNKNOWN') return 'ended';
      this.#log.warn({ grpcStatus: error.status, code: error.problem?.code }, 'members cannot be asked');
      return 'out';
    }
  }

  /** The mailbox from which a gateway makes text messages; empty where there is no gateway. */
  #smsAddress(mobile: string): string {
    return this.#smsDomain ? `${mobile.replace('+', '')}@${this.#smsDomain}` : '';
  }

  onApplicationShutdown(): void {
    this.#verifications.close();
    this.#members.close();
  }
}
