import { createHash } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import {
  Controller,
  type DynamicModule,
  Inject,
  Injectable,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import {
  MemberErasureOrdered,
  MemberExportOrdered,
  MemberRestrictionOrdered,
} from '@regulars/contracts/members/v1/members_events';
import {
  MemberDataServiceService,
  type ReadMemberDataRequest,
  type ReadMemberDataResponse,
} from '@regulars/contracts/privacy/v1/privacy';
import { MemberDataErased, MemberDataFound, MemberDataRestricted } from '@regulars/contracts/privacy/v1/privacy_events';
import {
  appendToOutbox,
  type EventConsumer,
  MessagingSettings,
  Outbox,
  type ReceivedEvent,
  readCompacted,
  type TopicSpec,
} from '@regulars/messaging';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { CLOCK, type Clock } from './clock.js';
import { DueWork } from './due-work.js';
import { MergesConsumer } from './merge.js';
import type { Principal } from './principal.js';
import { refusal } from './refusal.js';
import { noteRestriction } from './restriction.js';
import { principalOf, RpcController, type RpcHandlers } from './rpc-server.js';
import { traceparentIn } from './telemetry.js';

/** Orders of erasure, one for each member, kept for ever, so that they can be obeyed again after a restore. */
export const erasureTopic = 'regulars.members.erasure.v1';
const memberTopic = 'regulars.members.member.v1';
const pageLength = 500;
const tasksAtOnce = 20;

/** Who reads a member's data, in which trace. */
export interface Reader {
  readonly principal: Principal;
  readonly traceparent: string | undefined;
}

/** What a service has of members, and how it lets go of it (requirement M6). */
export interface MemberData {
  /** Everything, also of whom was merged into her, as JSON objects with a `kind`, in an order that does not change by itself. */
  recordsOf(tx: EntityManager, memberId: string): Promise<readonly object[]>;
  /** Before it is told: where reads of clear personal data are written down. */
  beforeTold?(reader: Reader, memberId: string): Promise<void>;
  /**
   * Erases what is personal and binds what has to stay to nobody; safe to repeat. `done` writes that it is done, in the
   * same transaction: it is called with how many records were touched.
   */
  erase(memberId: string, orderedAt: Date, done: (tx: EntityManager, records: number) => Promise<void>): Promise<void>;
  /**
   * Stops what is under way and no longer allowed once a member's data is restricted; safe to repeat. What begins later
   * asks `restrictedAmong`. @returns how many records it touched
   */
  restrict?(tx: EntityManager, memberId: string): Promise<number>;
}

/** Statements of a service's migration: orders to be carried out, and who was erased. */
export const memberDataTables = {
  up: [
    `CREATE TABLE member_data_task (
      request_id uuid PRIMARY KEY,
      member_id uuid NOT NULL,
      kind text NOT NULL CHECK (kind IN ('export', 'erasure')),
      ordered_at timestamptz NOT NULL
    )`,
    `CREATE TABLE erased_member (
      member_id uuid PRIMARY KEY,
      request_id uuid NOT NULL,
      erased_at timestamptz NOT NULL
    )`,
    // Which database the erasures of the past were obeyed in: a restored one has another name.
    `CREATE TABLE erasures_obeyed (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      database text NOT NULL
    )`,
  ],
  down: ['DROP TABLE erasures_obeyed, erased_member, member_data_task'],
} as const;

const DATA = Symbol('member data');

/** The provider of the service's own module, which is there once everything is wired. */
type FindsMemberData = () => MemberData;
const SERVICE = Symbol('service of member data');

interface Task {
  readonly requestId: string;
  readonly memberId: string;
  readonly kind: 'export' | 'erasure' | 'restriction' | 'lifting';
  readonly orderedAt: Date;
}

/**
 * The topic on which a service tells that it obeyed, and that of the orders, which has to be there before the first
 * service is ready: whichever starts first makes it.
 */
export function privacyTopics(service: string): TopicSpec[] {
  return [{ name: privacyTopicOf(service) }, { name: erasureTopic, compacted: true }];
}

function privacyTopicOf(service: string): string {
  return `regulars.${service}.privacy.v1`;
}

/** Hears orders of export, erasure and restriction; what is ordered becomes a task. */
@Injectable()
export class MemberOrdersConsumer implements EventConsumer {
  readonly topic: string = memberTopic;
  readonly group: string;

  constructor(@Inject(SERVICE) service: string) {
    this.group = `${service}-orders`;
  }

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await addTasks(tx, events.flatMap(taskIn));
  }
}

/** The same for erasures, which have a topic of their own. */
@Injectable()
export class ErasuresConsumer extends MemberOrdersConsumer {
  override readonly topic = erasureTopic;
}

/** Carries orders out. */
@Injectable()
export class MemberDataTasks implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(MemberDataTasks.name);
  private readonly work = new DueWork({ name: 'member data', batch: () => this.some(), longestRestMs: 500 });

  constructor(
    @Inject(DATA) private readonly data: FindsMemberData,
    @Inject(SERVICE) private readonly service: string,
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(MessagingSettings) private readonly settings: MessagingSettings,
    @Inject(Outbox) private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Before the service is ready: a database that came from a backup has members in it who were erased since. */
  async onApplicationBootstrap(): Promise<void> {
    const here = await nameOfDatabase(this.dataSource);
    if ((await obeyedIn(this.dataSource)) !== here) {
      const obeyed = await this.obeyAgain();
      await noteObeyed(this.dataSource, here);
      this.log.log({ obeyed }, 'this database is new here: erasures of the past are obeyed');
    }
    this.work.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.work.stop();
  }

  /** Obeys every erasure that was ever ordered and that this database does not know of. @returns how many */
  async obeyAgain(): Promise<number> {
    const { brokers, topicPrefix, clientId } = this.settings;
    const reader = readCompacted({ settings: { brokers, topicPrefix, clientId }, topics: [erasureTopic] });
    try {
      await reader.ready;
      let obeyed = 0;
      for (const { payload } of reader.records(erasureTopic)) {
        const task = erasureIn(payload);
        if (!task || (await isErased(this.dataSource, task.memberId))) continue;
        await this.erase(task);
        obeyed += 1;
      }
      return obeyed;
    } finally {
      await reader.stop();
    }
  }

  /** Carries some tasks out; safe on several replicas at once, because each is safe to repeat. */
  private async some(): Promise<number> {
    const tasks = await openTasks(this.dataSource, tasksAtOnce);
    for (const task of tasks) await this.obey(task);
    return tasks.length;
  }

  private obey(task: Task): Promise<void> {
    switch (task.kind) {
      case 'erasure':
        return this.erase(task);
      case 'export':
        return this.find(task);
      case 'restriction':
      case 'lifting':
        return this.restrict(task, task.kind === 'restriction');
    }
  }

  private async erase(task: Task): Promise<void> {
    await this.data().erase(task.memberId, task.orderedAt, async (tx, records) => {
      const { requestId, memberId } = task;
      const answeredAt = this.clock.now();
      await noteErased(tx, task, answeredAt);
      const payload = { requestId, memberId, service: this.service, records, answeredAt };
      await this.answer(tx, task, 'MemberDataErased', MemberDataErased.toJSON(payload) as object);
    });
    this.outbox.wake();
  }

  private async find(task: Task): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const { requestId, memberId } = task;
      const lines = (await this.data().recordsOf(tx, memberId)).map((record) => JSON.stringify(record));
      const sha256 = createHash('sha256').update(lines.join('\n')).digest();
      const found = { requestId, memberId, service: this.service, records: lines.length, sha256 };
      const payload = MemberDataFound.toJSON({ ...found, answeredAt: this.clock.now() }) as object;
      await this.answer(tx, task, 'MemberDataFound', payload);
    });
    this.outbox.wake();
  }

  private async restrict(task: Task, restricted: boolean): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const { requestId, memberId } = task;
      await noteRestriction(tx, task, restricted);
      const records = restricted ? ((await this.data().restrict?.(tx, memberId)) ?? 0) : 0;
      const done = { requestId, memberId, service: this.service, restricted, records, answeredAt: this.clock.now() };
      await this.answer(tx, task, 'MemberDataRestricted', MemberDataRestricted.toJSON(done) as object);
    });
    this.outbox.wake();
  }

  private async answer(tx: EntityManager, task: Task, name: string, payload: object): Promise<void> {
    await closeTask(tx, task.requestId);
    const topic = privacyTopicOf(this.service);
    await appendToOutbox(tx, [
      { id: uuidv7(), topic, key: task.memberId, type: `regulars.privacy.v1.${name}`, payload },
    ]);
  }
}

/** Tells what the service has of a member. */
@Controller()
@RpcController(MemberDataServiceService)
export class MemberDataController implements RpcHandlers<typeof MemberDataServiceService> {
  constructor(
    @Inject(DATA) private readonly data: FindsMemberData,
    @Inject(SERVICE) private readonly service: string,
    @Inject(DataSource) private readonly dataSource: DataSource,
  ) {}

  async readMemberData(request: ReadMemberDataRequest, metadata: Metadata): Promise<ReadMemberDataResponse> {
    const { memberId, cursor } = request;
    const principal = principalOf(metadata);
    const { kind, sub, roles } = principal;
    const isHerself = kind === 'member' && sub === memberId;
    if (!isHerself && !roles.includes('administrator')) throw refusal('PERMISSION_DENIED', 'NOT_ALLOWED');
    const from = Number(cursor || '0');
    if (!Number.isSafeInteger(from) || from < 0 || !/^[0-9a-f-]{36}$/.test(memberId)) {
      const faults = [{ pointer: '/cursor', message: 'the next_cursor of a page before, and a member id' }];
      throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults });
    }
    if (from === 0) await this.data().beforeTold?.({ principal, traceparent: traceparentIn(metadata) }, memberId);
    const all = await this.data().recordsOf(this.dataSource.manager, memberId);
    const records = all.slice(from, from + pageLength).map((record) => JSON.stringify(record));
    const nextCursor = from + pageLength < all.length ? String(from + pageLength) : '';
    return { service: this.service, records, nextCursor };
  }
}

/** The duties of a service towards members whose data it has. */
@Module({})
export class MemberDataModule {
  /**
   * @param service its name; its migrations run `memberDataTables`, its messaging has `privacyTopics(service)` and the two
   *   consumers, its gRPC server `MemberDataServiceService`
   * @param data a provider of the service's own
   */
  static forRoot(service: string, data: Type<MemberData>): DynamicModule {
    return {
      module: MemberDataModule,
      controllers: [MemberDataController],
      providers: [
        { provide: SERVICE, useValue: service },
        {
          provide: DATA,
          useFactory: (modules: ModuleRef) => () => modules.get(data, { strict: false }),
          inject: [ModuleRef],
        },
        MemberOrdersConsumer,
        ErasuresConsumer,
        { provide: MergesConsumer, useValue: new MergesConsumer(service) },
        MemberDataTasks,
      ],
    };
  }
}

function taskIn({ type, payload }: ReceivedEvent): Task[] {
  switch (type) {
    case 'regulars.members.v1.MemberErasureOrdered':
      return [erasureIn(payload)].filter((task) => task !== undefined);
    case 'regulars.members.v1.MemberExportOrdered': {
      const { requestId, memberId, orderedAt } = MemberExportOrdered.fromJSON(payload);
      return orderedAt ? [{ requestId, memberId, orderedAt, kind: 'export' }] : [];
    }
    case 'regulars.members.v1.MemberRestrictionOrdered': {
      const { requestId, memberId, orderedAt, restricted } = MemberRestrictionOrdered.fromJSON(payload);
      return orderedAt ? [{ requestId, memberId, orderedAt, kind: restricted ? 'restriction' : 'lifting' }] : [];
    }
    default:
      return [];
  }
}

function erasureIn(payload: unknown): Task | undefined {
  const { requestId, memberId, orderedAt } = MemberErasureOrdered.fromJSON(payload);
  return orderedAt && { requestId, memberId, orderedAt, kind: 'erasure' };
}

async function addTasks(tx: EntityManager, tasks: readonly Task[]): Promise<void> {
  await tx.query(
    `INSERT INTO member_data_task SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
     ON CONFLICT DO NOTHING`,
    [
      tasks.map((task) => task.requestId),
      tasks.map((task) => task.memberId),
      tasks.map((task) => task.kind),
      tasks.map((task) => task.orderedAt.toISOString()),
    ],
  );
}

function openTasks(dataSource: DataSource, most: number): Promise<Task[]> {
  return dataSource.query<Task[]>(
    `SELECT request_id AS "requestId", member_id AS "memberId", kind, ordered_at AS "orderedAt"
     FROM member_data_task ORDER BY ordered_at, request_id LIMIT $1`,
    [most],
  );
}

async function closeTask(tx: EntityManager, requestId: string): Promise<void> {
  await tx.query('DELETE FROM member_data_task WHERE request_id = $1', [requestId]);
}

async function noteErased(tx: EntityManager, { memberId, requestId }: Task, at: Date): Promise<void> {
  await tx.query('INSERT INTO erased_member VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [memberId, requestId, at]);
}

async function isErased(dataSource: DataSource, memberId: string): Promise<boolean> {
  return (await dataSource.query<unknown[]>('SELECT 1 FROM erased_member WHERE member_id = $1', [memberId])).length > 0;
}

/** Another cluster, another timeline after a recovery, and another database each have another name. */
async function nameOfDatabase(dataSource: DataSource): Promise<string> {
  const [row] = await dataSource.query<[{ name: string }]>(
    `SELECT system_identifier || '/' || timeline_id || '/' || oid AS name
     FROM pg_control_system(), pg_control_checkpoint(), pg_database WHERE datname = current_database()`,
  );
  return row.name;
}

async function obeyedIn(dataSource: DataSource): Promise<string | undefined> {
  const [row] = await dataSource.query<{ database: string }[]>('SELECT database FROM erasures_obeyed');
  return row?.database;
}

async function noteObeyed(dataSource: DataSource, database: string): Promise<void> {
  await dataSource.query(
    `INSERT INTO erasures_obeyed (database) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET database = excluded.database`,
    [database],
  );
}
