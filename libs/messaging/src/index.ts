export { type CompactedOptions, type CompactedReader, type CompactedRecord, readCompacted } from './compacted.js';
export { BadEvent, type EventConsumer, type ReceivedEvent } from './event.js';
export { MessagingModule, type MessagingOptions } from './messaging.module.js';
export { type ConsumerLag, type Lag, Operations, type OutboxLag, UnknownTopic } from './operations.js';
export {
  appendRepublished,
  appendToOutbox,
  appendToOutboxSql,
  Outbox,
  type OutboxEvent,
  outboxArrays,
  type RepublishedEvent,
  type SqlRunner,
} from './outbox.js';
export {
  discardParked,
  type ParkedKey,
  type ParkingPlace,
  parkedKeys,
  type ReplayResult,
  replayParked,
} from './parking.js';
export { type MessagingLog, MessagingSettings, type TopicSpec } from './settings.js';
export { messagingOrder, messagingTables } from './tables.js';
