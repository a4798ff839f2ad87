import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import {
  BirthdayServiceService,
  type FindBirthdaysRequest,
  type FindBirthdaysResponse,
} from '@regulars/contracts/members/v1/birthdays';
import {
  type FindImportedRequest,
  type FindImportedResponse,
  MemberImportServiceService,
} from '@regulars/contracts/members/v1/imports';
import {
  type Contact,
  type GetContactsRequest,
  type GetContactsResponse,
  MemberServiceService,
} from '@regulars/contracts/members/v1/members';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { principalKeys } from './principals.js';

type ToldBirthday = FindBirthdaysResponse['birthdays'][number];

/** What members tells other services, on a gRPC server of its own: for tests in which members does not run. */
export class MembersServer {
  /** By member id. */
  readonly contacts = new Map<string, Contact>();
  readonly birthdays = new Map<string, ToldBirthday>();
  /** Member ids by `source external-id`. */
  readonly imported = new Map<string, string>();
  /** Every question about contacts, with the subject of its principal. */
  readonly asked: (GetContactsRequest & { readonly by: string })[] = [];
  isOut = false;
  readonly #server = new Server();
  readonly #keys = createLocalJWKSet(JSON.parse(principalKeys) as JSONWebKeySet);
  #port = 0;

  static async open(): Promise<MembersServer> {
    const members = new MembersServer();
    const { getContacts } = MemberServiceService;
    const { findBirthdays } = BirthdayServiceService;
    const { findImported } = MemberImportServiceService;
    members.#server.addService(
      { getContacts },
      {
        getContacts: members.#toServices((request: GetContactsRequest, by): GetContactsResponse => {
          members.asked.push({ ...request, by });
          return { contacts: request.memberIds.flatMap((memberId) => members.contacts.get(memberId) ?? []) };
        }),
      },
    );
    members.#server.addService(
      { findBirthdays },
      {
        findBirthdays: members.#toServices((request: FindBirthdaysRequest): FindBirthdaysResponse => {
          const { memberIds, fromDate, untilDate } = request;
          const found = memberIds.flatMap((memberId) => members.birthdays.get(memberId) ?? []);
          return { birthdays: found.filter(({ date }) => fromDate <= date && date <= untilDate) };
        }),
      },
    );
    members.#server.addService(
      { findImported },
      {
        findImported: members.#toServices(({ source, externalIds }: FindImportedRequest): FindImportedResponse => {
          return { memberIds: externalIds.map((each) => members.imported.get(`${source} ${each}`) ?? '') };
        }),
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

  /** Somebody with an e-mail address, but for what is told otherwise. */
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

  /** @param date YYYY-MM-DD on which it is kept */
  tellBirthday(memberId: string, date: string, year = Number(date.slice(0, 4))): void {
    this.birthdays.set(memberId, { memberId, date, year });
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #toServices<Request, Answer>(work: (request: Request, by: string) => Answer) {
    return (call: ServerUnaryCall<Request, Answer>, answer: sendUnaryData<Answer>) =>
      void this.#callerOf(call.metadata).then(({ kind, sub }) => {
        if (this.isOut) answer({ code: status.UNAVAILABLE, details: 'out' });
        else if (kind !== 'service') answer({ code: status.PERMISSION_DENIED, details: 'services only' });
        else answer(null, work(call.request, sub));
      });
  }

  /** Nobody for what was not signed by a service of the test. */
  async #callerOf(metadata: Metadata): Promise<{ kind: unknown; sub: string }> {
    try {
      const signed = String(metadata.get('principal')[0]);
      const { payload } = await jwtVerify(signed, this.#keys, { audience: 'regulars:internal', algorithms: ['EdDSA'] });
      return { kind: payload.kind, sub: payload.sub ?? '' };
    } catch {
      return { kind: undefined, sub: '' };
    }
  }
}
