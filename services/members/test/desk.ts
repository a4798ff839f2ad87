import { randomBytes } from 'node:crypto';
import {
  type Member,
  MemberNature,
  MemberServiceService,
  type Person,
  type RegisterMemberRequest,
  RegistrationChannel,
} from '@regulars/contracts/members/v1/members';
import { type CallOptions, type RpcClient, RpcFailure, rpcClient } from '@regulars/service';
import {
  type PrincipalClaims,
  type RunningService,
  readTopic,
  signedPrincipal,
  startService,
  type TopicRecord,
} from '@regulars/testing';
import pg from 'pg';

export const bund = '019a9f3e-0000-7000-8000-000000000001';
export const xuhui = '019a9f3e-0000-7000-8000-000000000002';
export const nobody = '019a9f3e-0000-7000-8000-ffffffffffff';
export const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

export const agent: PrincipalClaims = { sub: 'agent-zhao', kind: 'person', roles: ['agent'] };
export const auditor: PrincipalClaims = { sub: 'auditor-sun', kind: 'person', roles: ['auditor'] };
export const cashier: PrincipalClaims = { sub: 'cashier-qian', kind: 'person', roles: ['cashier'], stores: [bund] };
export const till: PrincipalClaims = { sub: 'till-1', kind: 'till', stores: [bund] };
export const notifications: PrincipalClaims = { sub: 'notifications', kind: 'service' };

export const wang = {
  name: '王小明',
  mobile: '+8613800138001',
  email: 'wang.xiaoming@guests.example',
  birthday: { month: 2, day: 29, year: 1996, lunar: false },
};

/** A running members service and the desk of a store in front of it. */
export class Desk {
  private constructor(
    readonly service: RunningService,
    /** For a second process on the same database. */
    readonly keys: Readonly<Record<string, string>>,
    readonly client: RpcClient<typeof MemberServiceService>,
    readonly database: pg.Client,
  ) {}

  static async open(): Promise<Desk> {
    const keys = { KEY_ENCRYPTION_KEY: anyKey(), BLIND_INDEX_KEY: anyKey() };
    const service = await startService('members', keys);
    const database = new pg.Client({ connectionString: service.databaseUrl });
    await database.connect();
    return new Desk(service, keys, rpcClient(MemberServiceService, service.grpcAddress), database);
  }

  async close(): Promise<void> {
    this.client.close();
    await this.database.end();
    await this.service.stop();
  }

  async register(person: Partial<Person>): Promise<Member> {
    const { member } = await this.client.registerMember(registrationOf(person), await as(agent));
    return member as Member;
  }

  async eventsOf(memberId: string): Promise<TopicRecord[]> {
    const records = await readTopic(`${this.service.topicPrefix}regulars.members.member.v1`);
    return records.filter((record) => record.key === memberId);
  }

  /** Every row of every table, as text. */
  async dump(): Promise<string[]> {
    const { rows: tables } = await this.database.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'members'::regnamespace AND relkind IN ('r', 'p')`,
    );
    const lines: string[] = [];
    for (const { name } of tables) {
      const { rows } = await this.database.query<{ line: string }>(`SELECT t::text AS line FROM "${name}" AS t`);
      lines.push(...rows.map((row) => row.line));
    }
    return lines;
  }
}

const anyKey = () => randomBytes(32).toString('base64');

/** Options of a call on behalf of somebody; services sign for themselves, the gateway for everyone else. */
export async function as(claims: PrincipalClaims): Promise<CallOptions> {
  const signer = claims.kind === 'service' ? 'notifications' : 'gateway';
  return { principal: await signedPrincipal(claims, signer), deadline: Date.now() + 60_000, traceparent };
}

/** A registration in order, but for what `person` changes; without a mobile and an e-mail unless it has them. */
export function registrationOf(
  person: Partial<Person>,
  idempotencyKey = randomBytes(8).toString('hex'),
): RegisterMemberRequest {
  const channel = RegistrationChannel.STORE_DESK;
  const accepted = { version: '2026-05', channel, acceptedAt: new Date('2026-03-01T08:00:00.123Z') };
  return {
    idempotencyKey,
    person: { name: '李娜', mobile: '', email: '', birthday: undefined, ...person },
    nature: MemberNature.UNSPECIFIED,
    language: 'zh-CN',
    homeStoreId: bund,
    channel,
    acceptances: [
      { notice: 'benefits', ...accepted },
      { notice: 'privacy', ...accepted },
    ],
  };
}

/** How a call was refused. @throws when it was not */
export async function refusalOf(call: Promise<unknown>): Promise<{ code: string | undefined; pointers: string[] }> {
  const failure = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof RpcFailure)) throw new Error('it was not refused', { cause: failure });
  return { code: failure.problem?.code, pointers: (failure.problem?.faults ?? []).map((fault) => fault.pointer) };
}
