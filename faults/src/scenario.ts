import type { PlatformOptions, ServiceName } from '@regulars/tools';
import type { Stage } from './stage.js';

/** A story of something that breaks while tills are at work. */
export interface Scenario {
  /** As it is called on the command line. */
  readonly name: string;
  /** What it proves, in one sentence. */
  readonly proves: string;
  /** Processes of a service; 1 unless told. */
  readonly replicas?: PlatformOptions['replicas'];
  /** Whether each gateway speaks to one loyalty alone, so that what is posted at two gateways is taken by two. */
  readonly pairsGateways?: boolean;
  /** The service whose connections to PostgreSQL go through a proxy, or every one. */
  readonly postgresProxyFor?: ServiceName | 'every';
  /** Whether notifications' connections to the mail server go through a proxy. */
  readonly mailProxy?: boolean;
  /** Environment of processes on top of what the platform gives them. */
  readonly env?: Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
  /** Guests who buy; 24 unless told. */
  readonly guests?: number;
  /** Plays it, and ends with everything running again. What it expects besides the invariants it notes on the stage. */
  readonly play: (stage: Stage) => Promise<void>;
}
