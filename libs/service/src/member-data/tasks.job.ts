import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { MemberDataErased, MemberDataFound, MemberDataRestricted } from '@regulars/contracts/privacy/v1/privacy_events';
import { appendToOutbox, MessagingSettings, Outbox, readCompacted } from '@regulars/messaging';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { CLOCK, type Clock } from '../clock.js';
import { DueWork } from '../due-work.js';
import { DATA, type FindsMemberData, SERVICE } from './member-data.js';
import { noteRestriction, restrictionsNotNoted } from './restrictions.store.js';
import { erasureTopic, privacyTopicOf, restrictionTopic, type Task, tasksIn } from './tasks.js';
import { closeTask, nameOfDatabase, noteErased, noteObeyed, notObeyed, obeyedIn, openTasks } from './tasks.store.js';

const tasksAtOnce = 20;

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

  /**
   * Before the service is ready: a database that came from a backup has members in it who were erased since, and knows
   * nothing of restrictions that were ordered or lifted since.
   */
  async onApplicationBootstrap(): Promise<void> {
    const here = await nameOfDatabase(this.dataSource);
    if ((await obeyedIn(this.dataSource)) !== here) {
      const obeyed = await this.obeyAgain();
      await noteObeyed(this.dataSource, here);
      this.log.log({ obeyed }, 'this database is new here: erasures and restrictions of the past are obeyed');
    }
    this.work.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.work.stop();
  }

  /** Obeys what was ever ordered to last and this database does not know of. @returns how many orders */
  async obeyAgain(): Promise<number> {
    const { brokers, topicPrefix, clientId } = this.settings;
    const topics = [erasureTopic, restrictionTopic];
    const reader = readCompacted({ settings: { brokers, topicPrefix, clientId }, topics });
    try {
      await reader.ready;
      const ordered = (topic: string) => [...reader.records(topic)].flatMap(tasksIn);
      const orders = [
        ...(await notObeyed(this.dataSource, ordered(erasureTopic))),
        ...(await restrictionsNotNoted(this.dataSource, ordered(restrictionTopic))),
      ];
      for (const task of orders) await this.obey(task);
      return orders.length;
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
