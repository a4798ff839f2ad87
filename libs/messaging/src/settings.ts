/** A topic that a service owns and creates when it is missing. */
export interface TopicSpec {
  /** Name without the installation's prefix, e.g. `regulars.loyalty.points.v1`. */
  readonly name: string;
  /** Keeps the latest record of each key for ever; readers hold the highest version. */
  readonly compacted?: boolean;
}

/**
 * Where messaging finds its servers. The service provides it under this class as token, from a global module:
 * `{ provide: MessagingSettings, useFactory: (config) => ({ brokers: config.kafkaBrokers, … }) }`.
 */
export abstract class MessagingSettings {
  /** host:port of the bootstrap brokers. */
  abstract readonly brokers: readonly string[];
  /** Put before every topic and group name, so that installations and tests can share a cluster. */
  abstract readonly topicPrefix: string;
  /** Partitions of a topic that is created. */
  abstract readonly partitions: number;
  /** Replicas of a topic that is created. */
  abstract readonly replication: number;
  /** Name of the service; part of client ids and of the relay's transactional id. */
  abstract readonly clientId: string;
  /** The service's own role; the relay keeps one session of its own on it. */
  abstract readonly databaseUrl: string;
  /** Whole days for which published events stay in the outbox; what is not published stays. */
  abstract readonly outboxKeptDays: number;
}

/** The few lines messaging logs: connections, leadership, parked events, restarts. Never a payload. */
export interface MessagingLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
