import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import {
  type Contact,
  type GetContactsRequest,
  type GetContactsResponse,
  MemberServiceService,
} from '@regulars/contracts/members/v1/members';
import { PrincipalVerifier } from '@regulars/service';
import { principalKeys } from '@regulars/testing';

/** A gRPC server of the MemberService definition that knows some people, for as long as members is not part of a test. */
export class MembersServer {
  /** By member id. */
  readonly contacts = new Map<string, Contact>();
  /** Every question, with the subject of its principal. */
  readonly asked: (GetContactsRequest & { readonly by: string })[] = [];
  isOut = false;
  readonly #server = new Server();
  readonly #verifier = new PrincipalVerifier(principalKeys);
  #port = 0;

  static async open(): Promise<MembersServer> {
    const members = new MembersServer();
    members.#server.addService(
      { getContacts: MemberServiceService.getContacts },
      {
        getContacts: (
          call: ServerUnaryCall<GetContactsRequest, GetContactsResponse>,
          answer: sendUnaryData<GetContactsResponse>,
        ) => void members.#answer(call, answer),
      },
    );
    members.#port = await new Promise<number>((resolve, reject) => {
      members.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
    return members;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  add(memberId: string, contact: Partial<Contact> = {}): Contact {
    const whole: Contact = {
      memberId,
      name: '王小明',
      mobile: '',
      email: `${memberId}@example.com`,
      language: 'zh-CN',
      ...contact,
    };
    this.contacts.set(memberId, whole);
    return whole;
  }

  close(): void {
    this.#server.forceShutdown();
  }

  async #answer(
    { request, metadata }: ServerUnaryCall<GetContactsRequest, GetContactsResponse>,
    answer: sendUnaryData<GetContactsResponse>,
  ): Promise<void> {
    const principal = await this.#verifier.verify(String(metadata.get('principal')[0]));
    if (this.isOut) {
      answer({ code: status.UNAVAILABLE, details: 'out' });
      return;
    }
    if (principal?.kind !== 'service') {
      answer({ code: status.PERMISSION_DENIED, details: 'services only' });
      return;
    }
    this.asked.push({ ...request, by: principal.sub });
    answer(null, { contacts: request.memberIds.flatMap((memberId) => this.contacts.get(memberId) ?? []) });
  }
}
