/**
 * What messaging needs of a Kafka client. Names here are the broker's own, prefix included; offsets are numbers
 * (exact to 2^53). `kafkajs.ts` is the one client that stands behind it.
 */
export interface Broker {
  /** Creates the topics that are missing; leaves those that stand as they are. */
  createTopics(topics: readonly NewTopic[]): Promise<void>;
  hasTopics(names: readonly string[]): Promise<boolean>;
  /** First and next offset of every partition. */
  ranges(topic: string): Promise<readonly PartitionRange[]>;
  /** Fences every earlier producer of the same transactional id. */
  openProducer(transactionalId: string): Promise<BatchProducer>;
  subscribe(subscription: Subscription): Promise<Subscriber>;
  close(): Promise<void>;
}

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replication: number;
  readonly compacted: boolean;
}

export interface PartitionRange {
  readonly partition: number;
  readonly first: number;
  readonly next: number;
}

export interface BatchProducer {
  /** All of the records or none, in order per key, acknowledged by all replicas. A failure ends the producer. */
  send(records: readonly NewRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface NewRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly time: Date;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface Position extends TopicPartition {
  readonly offset: number;
}

export interface StoredRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly time: Date;
}

export interface RecordBatch extends TopicPartition {
  readonly records: readonly StoredRecord[];
  /** Where the partition goes on after these records and what a transaction wrote behind them. */
  readonly next: number;
}

export interface BatchControl {
  /** Keeps the membership alive during long work; throws when the group has moved on. */
  heartbeat(): Promise<void>;
  /** The subscriber is being stopped. */
  stopping(): boolean;
}

export interface Subscription {
  /** Without a group the subscriber reads every partition from its beginning. */
  readonly group?: string;
  readonly topics: readonly string[];
  /** How often a busy topic is fetched, in milliseconds. */
  readonly fetchEveryMs?: number | undefined;
  /** Where to begin, asked at every assignment. `superseded` turns true when another assignment has followed. */
  startAt?(assigned: readonly TopicPartition[], superseded: () => boolean): Promise<readonly Position[]>;
  /** Answers where the partition goes on: `batch.next`, or elsewhere to read from there again. */
  onBatch(batch: RecordBatch, control: BatchControl): Promise<number>;
  /** Offsets up to here hold nothing for a reader (transaction markers, aborted or compacted records). */
  onSkipped(position: Position): void;
  /** The client gave up; it has to be replaced. */
  onCrash(error: Error): void;
}

export interface Subscriber {
  close(): Promise<void>;
}
