import type { Measured, MemorySample } from './measurements.js';
import type { Calibration, WrittenRows } from './yardstick.js';

/** Names of the reads that are compared with a bare route. */
export const READS = ['balance', 'statement', 'explain'] as const;
export type ReadName = (typeof READS)[number];

/** Everything that a run has measured. */
export interface Results {
  isQuick: boolean;
  machine: string;
  durability: string;
  writer: string;
  startS: number;
  traceExports: number;
  /** By connections. */
  purchases: Record<1 | 64 | 256, Measured[]>;
  yardstick: { best: Calibration; tried: readonly Calibration[]; rounds: number[] };
  /** Lines of offline batches per second, by round; undefined when the API has no batches. */
  batches: number[] | undefined;
  steady: { perSecond: number; measured: Measured; memory: MemorySample[]; isCaughtUp: boolean };
  eventLag: { p50Ms: number; p99Ms: number; events: number };
  reads: Record<ReadName, { platform: number[]; bare: number[]; p99Ms: number }>;
  books: {
    platform: { acknowledged: number; claims: number };
    yardstick: { acknowledged: number; claims: number };
  };
  rows: { platform: WrittenRows; yardstick: WrittenRows };
}
