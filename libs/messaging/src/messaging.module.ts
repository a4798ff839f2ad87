import { type DynamicModule, Module, type Type } from '@nestjs/common';
import type { EventConsumer } from './event.js';
import { Outbox } from './outbox.js';
import type { TopicSpec } from './settings.js';

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
  static forRoot(_options: MessagingOptions): DynamicModule {
    return { module: MessagingModule, global: true, providers: [Outbox], exports: [Outbox] };
  }
}
