import {
  type BeforeApplicationShutdown,
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
import { DataSource } from 'typeorm';
import type { Broker } from './broker.js';
import { ConsumerLoop } from './consumer-loop.js';
import type { EventConsumer } from './event.js';
import { reasonOf } from './failure.js';
import { connectKafkajs } from './kafkajs.js';
import { Operations } from './operations.js';
import { Outbox } from './outbox.js';
import { bindGeneration, keepDays, OutboxWatch } from './outbox-care.js';
import { Relay } from './relay.js';
import { type MessagingLog, MessagingSettings, type TopicSpec } from './settings.js';

const OPTIONS = Symbol('messaging options');
const DAYS_EVERY_MS = 3_600_000;
const WATCH_EVERY_MS = 1_000;

export interface MessagingOptions {
  /** CloudEvents source of everything this service publishes, e.g. `/regulars/loyalty`. */
  readonly source: string;
  /** Topics this service owns; created when missing. */
  readonly topics: readonly TopicSpec[];
  /** Consumers, which are providers of the service's own modules. */
  readonly consumers: readonly Type<EventConsumer>[];
}

/**
 * The relay and the consumers of a service. They start on application bootstrap, after the migrations, in the
 * background: a service answers while Kafka is away. They need a `DataSource` and `MessagingSettings` from global
 * modules.
 */
@Module({})
export class MessagingModule {
  static forRoot(options: MessagingOptions): DynamicModule {
    return {
      module: MessagingModule,
      global: true,
      providers: [
        Outbox,
        Messaging,
        { provide: OPTIONS, useValue: options },
        {
          provide: Operations,
          inject: [MessagingSettings, DataSource, ModuleRef],
          useFactory: (settings: MessagingSettings, dataSource: DataSource, modules: ModuleRef) =>
            operationsOf(options, settings, dataSource, modules),
        },
      ],
      exports: [Outbox, Operations],
    };
  }
}

/** Connects to nothing before it is asked for something. */
function operationsOf(
  { topics, consumers }: MessagingOptions,
  settings: MessagingSettings,
  dataSource: DataSource,
  modules: ModuleRef,
): Operations {
  return new Operations({
    dataSource,
    settings,
    topics,
    broker: connectKafkajs(settings.brokers, `${settings.clientId}-ops`),
    // Consumers are providers of other modules, which are there when they are asked for and not before.
    get consumers() {
      return consumers.map((type) => modules.get(type, { strict: false }));
    },
  });
}

@Injectable()
class Messaging implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  readonly #log = nestLog(new Logger('messaging'));
  readonly #broker: Broker;
  readonly #timers: NodeJS.Timeout[] = [];
  #relay: Relay | undefined;
  #consumers: ConsumerLoop[] = [];

  constructor(
    @Inject(OPTIONS) private readonly options: MessagingOptions,
    private readonly settings: MessagingSettings,
    private readonly dataSource: DataSource,
    private readonly outbox: Outbox,
    private readonly modules: ModuleRef,
  ) {
    this.#broker = connectKafkajs(settings.brokers, settings.clientId);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.#consumers = this.#consumerLoops();
    if (this.options.topics.length > 0) await this.#startRelay();
    for (const consumer of this.#consumers) consumer.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
  }

  async onApplicationShutdown(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#relay?.stop();
    await this.#broker.close().catch(() => undefined);
  }

  async #startRelay(): Promise<void> {
    const { dataSource, settings } = this;
    const { source, topics } = this.options;
    await bindGeneration(dataSource);
    await this.#tryAgainLater('Days of the outbox', () => keepDays(dataSource, settings.outboxKeptDays));
    const relay = new Relay({ broker: this.#broker, settings, source, topics, log: this.#log });
    this.outbox.onWake(() => relay.wake());
    relay.start();
    this.#relay = relay;
    const watch = new OutboxWatch(dataSource);
    this.#every(DAYS_EVERY_MS, 'Days of the outbox', () => keepDays(dataSource, settings.outboxKeptDays));
    this.#every(WATCH_EVERY_MS, 'Age of the outbox', () => watch.measure(Date.now()));
  }

  #consumerLoops(): ConsumerLoop[] {
    const consumers = this.options.consumers.map((type) => this.modules.get(type, { strict: false }));
    const names = consumers.map(({ group, topic }) => `${group} of ${topic}`);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice) throw new Error(`Two consumers are ${twice}: each would hear a part of the events`);
    const { dataSource, settings } = this;
    return consumers.map((consumer) => {
      return new ConsumerLoop({ broker: this.#broker, dataSource, consumer, settings, log: this.#log });
    });
  }

  #every(ms: number, what: string, work: () => Promise<void>): void {
    let running: Promise<void> | undefined;
    const timer = setInterval(() => {
      running ??= this.#tryAgainLater(what, work).finally(() => {
        running = undefined;
      });
    }, ms);
    timer.unref();
    this.#timers.push(timer);
  }

  async #tryAgainLater(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#log.warn(`${what}: not now`, { reason: reasonOf(error) });
    }
  }
}

/** Fields first, text second: how the service's JSON logger takes a line with fields. */
function nestLog(logger: Logger): MessagingLog {
  return {
    info: (message, fields = {}) => logger.log(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  };
}
