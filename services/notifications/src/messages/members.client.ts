import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type Contact, MemberServiceService } from '@regulars/contracts/members/v1/members';
import { type Principal, PrincipalSigner, type RpcClient, RpcFailure, rpcClient, SETTINGS } from '@regulars/service';
import type { NotificationsSettings } from '../notifications.config.js';

const itself: Principal = { sub: 'notifications', kind: 'service', roles: [], stores: '*' };
const deadlineMs = 3_000;

/** Asks members where people are reached, at the moment of sending; nothing of it is kept (architecture: "Personal data"). */
@Injectable()
export class MembersClient implements OnApplicationShutdown {
  readonly #log = new Logger(MembersClient.name);
  readonly #members: RpcClient<typeof MemberServiceService>;

  constructor(
    @Inject(SETTINGS) settings: NotificationsSettings,
    private readonly signer: PrincipalSigner,
  ) {
    this.#members = rpcClient(MemberServiceService, settings.MEMBERS_ADDR);
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

  onApplicationShutdown(): void {
    this.#members.close();
  }
}
