import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import {
  BirthdayServiceService,
  type FindBirthdaysRequest,
  type FindBirthdaysResponse,
} from '@regulars/contracts/members/v1/birthdays';
import { PrincipalSigner, PrincipalVerifier } from '@regulars/service';
import { principalKeys, privateKeyOf } from '@regulars/testing';
import type { ToldBirthday } from '../src/birthdays/birthdays.store.js';
import { MembersClient } from '../src/birthdays/members.client.js';

/** A gRPC server of the BirthdayService definition that knows some birthdays, as members would tell them. */
export class MembersServer {
  readonly birthdays = new Map<string, ToldBirthday>();
  readonly asked: string[] = [];
  isOut = false;
  readonly #server = new Server();
  readonly #verifier = new PrincipalVerifier(principalKeys);
  #port = 0;

  static async open(): Promise<MembersServer> {
    const members = new MembersServer();
    members.#server.addService(
      { findBirthdays: BirthdayServiceService.findBirthdays },
      {
        findBirthdays: (
          call: ServerUnaryCall<FindBirthdaysRequest, FindBirthdaysResponse>,
          answer: sendUnaryData<FindBirthdaysResponse>,
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

  /** A client of it, as loyalty has one. */
  async client(): Promise<MembersClient> {
    const signer = await PrincipalSigner.fromJwk(privateKeyOf('loyalty'));
    return new MembersClient({ MEMBERS_ADDR: `127.0.0.1:${this.#port}` }, signer);
  }

  tell(memberId: string, date: string, year = Number(date.slice(0, 4))): void {
    this.birthdays.set(memberId, { memberId, date, year });
  }

  close(): void {
    this.#server.forceShutdown();
  }

  async #answer(
    { request, metadata }: ServerUnaryCall<FindBirthdaysRequest, FindBirthdaysResponse>,
    answer: sendUnaryData<FindBirthdaysResponse>,
  ): Promise<void> {
    const principal = await this.#verifier.verify(String(metadata.get('principal')[0]));
    if (this.isOut || principal?.kind !== 'service') {
      answer({ code: this.isOut ? status.UNAVAILABLE : status.PERMISSION_DENIED, details: 'no' });
      return;
    }
    this.asked.push(...request.memberIds);
    const found = request.memberIds.flatMap((memberId) => this.birthdays.get(memberId) ?? []);
    const isNear = ({ date }: ToldBirthday) => request.fromDate <= date && date <= request.untilDate;
    answer(null, { birthdays: found.filter(isNear) });
  }
}
