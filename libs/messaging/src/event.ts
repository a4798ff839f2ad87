import type { EntityManager } from 'typeorm';

/** An event as a consumer receives it. */
export interface ReceivedEvent {
  /** The event's own id; the row that the effect writes carries it under UNIQUE. */
  readonly id: string;
  /** Full proto message name, e.g. `regulars.loyalty.v1.PointsEarned`. */
  readonly type: string;
  readonly key: string;
  /** Proto JSON; give it to the message's `fromJSON`. */
  readonly payload: unknown;
  /** Topic without the installation's prefix. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** When the owner wrote it. */
  readonly time: Date;
  readonly traceparent?: string;
  /** Position in the member's own history, where the owner keeps one. */
  readonly memberSeq?: number;
  /** On compacted topics: grows with every record of the owner; compare as text, the highest of a key counts. */
  readonly version?: string;
}

/** What a service does with the events of one topic. */
export interface EventConsumer {
  /** Topic without the installation's prefix. */
  readonly topic: string;
  /** Who hears it, usually the service's name; each group sees every event. */
  readonly group: string;
  /**
   * How often a busy topic is fetched, in milliseconds; 40 unless given. Every fetch and its transaction cost as much as
   * dozens of events, so what nobody waits for gathers longer.
   */
  readonly fetchEveryMs?: number;
  /**
   * The effect of `events` (of one or several partitions, each in its order; each id once), inside the transaction that
   * also moves the offsets. Safe to repeat. Throws BadEvent, or fails with a data error, for an event that can never be applied: its
   * key is then parked. Everything else it throws counts as an outage and is tried again.
   */
  apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void>;
}

/** An event that can never be applied as it is: its key is parked, with the events of that key that follow. */
export class BadEvent extends Error {
  override readonly name = 'BadEvent';
}
