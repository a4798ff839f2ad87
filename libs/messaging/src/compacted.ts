import type { MessagingLog, MessagingSettings } from './settings.js';

/** The latest record of a key in a compacted topic. */
export interface CompactedRecord {
  /** Topic without the installation's prefix. */
  readonly topic: string;
  readonly key: string;
  readonly type: string;
  /** Proto JSON; give it to the message's `fromJSON`. */
  readonly payload: unknown;
  readonly time: Date;
  /** Grows with every record of the owner; compare as text. */
  readonly version: string;
}

export interface CompactedOptions {
  readonly settings: Pick<MessagingSettings, 'brokers' | 'topicPrefix' | 'clientId'>;
  /** Compacted topics without the installation's prefix. */
  readonly topics: readonly string[];
  /** Called for every record that replaces what was known of its key, during the first read and after. */
  readonly onRecord?: (record: CompactedRecord) => void;
  readonly log?: MessagingLog;
}

/** A copy of compacted topics in memory, kept up to date. */
export interface CompactedReader {
  /** Resolves when everything that stood in the topics at the start is in the copy; never rejects. */
  readonly ready: Promise<void>;
  get(topic: string, key: string): CompactedRecord | undefined;
  records(topic: string): Iterable<CompactedRecord>;
  stop(): Promise<void>;
}

/** Reads whole topics without a group and goes on listening; waits for topics and brokers that are not there yet. */
export function readCompacted(_options: CompactedOptions): CompactedReader {
  throw new Error('Not built yet');
}
