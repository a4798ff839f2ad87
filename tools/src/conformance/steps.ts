import { type Exchange, isTaken, postedIn, receiptOf } from './exchanges.js';
import {
  accepts,
  arrivesLater,
  type Finding,
  hasTrueClock,
  isPostedWell,
  isRepeated,
  namesItsPurchase,
  numbersReceiptsOnce,
  survivesRestart,
  waitsAsTold,
} from './rules.js';
import { signsAllOrNone, takesTheTime } from './signatures.js';
import type { Fault } from './watch.js';

/** What a till is asked to do: to its program as a line of JSON, to a person in words. */
export type Command = 'purchase' | 'refund' | 'restart';

const RETRY_AFTER_S = 2;
const OFFLINE = 3;
/** What a till does on its own after a refusal shows within this time. */
const QUIET_MS = 4_000;
/** Within what the gateway allows to a signature, so that the till goes on with the time that it was told. */
const AHEAD_S = 200;

/** One thing that a till is put through. */
export interface Step {
  readonly rule: string;
  readonly title: string;
  readonly commands: readonly Command[];
  readonly faults?: readonly Fault[];
  /** The line is out while the commands are given. */
  readonly isOffline?: boolean;
  /** Whether enough was seen; until then, and for as long as patience lasts, the till is watched. */
  readonly isOver: (seen: readonly Exchange[]) => boolean;
  /** How long to watch on after that. */
  readonly watchOnMs?: number;
  readonly judge: (seen: readonly Exchange[], before: readonly Exchange[]) => Finding;
}

const answered = (seen: readonly Exchange[]) => seen.some(isTaken);
const lost: Fault = { kind: 'answer-lost' };

/** What every till is put through, in this order (requirement O6). */
export const steps: readonly Step[] = [
  {
    rule: 'post',
    title: 'posts a purchase with its key and an Idempotency-Key',
    commands: ['purchase'],
    isOver: (seen) => seen.some((each) => each.answered),
    judge: isPostedWell,
  },
  {
    rule: 'clock',
    title: 'tells the true time with its offset',
    commands: ['purchase'],
    isOver: answered,
    judge: hasTrueClock,
  },
  {
    rule: 'lost-answer',
    title: 'repeats byte for byte under the same key when the answer is lost',
    commands: ['purchase'],
    faults: [lost],
    isOver: answered,
    judge: isRepeated,
  },
  {
    rule: 'unavailable',
    title: 'waits as long as Retry-After says after 503, then repeats',
    commands: ['purchase'],
    faults: [{ kind: 'answered', status: 503, retryAfterS: RETRY_AFTER_S }],
    isOver: answered,
    judge: (seen) => waitsAsTold(seen, RETRY_AFTER_S * 1_000),
  },
  {
    rule: 'late-answer',
    title: 'makes one receipt of one purchase when the answer is late',
    commands: ['purchase'],
    faults: [{ kind: 'answer-late', byMs: 7_000 }],
    isOver: answered,
    watchOnMs: 1_000,
    judge: (seen) =>
      new Set(seen.flatMap(postedIn).map(receiptOf)).size === 1 ? undefined : 'one purchase became several',
  },
  {
    rule: 'restart',
    title: 'remembers over a restart what had no answer, with its business date',
    commands: ['purchase', 'restart'],
    faults: [lost, lost, lost],
    isOver: (seen) => seen.length > 1 && answered(seen),
    judge: survivesRestart,
  },
  {
    rule: 'offline',
    title: 'hands in what was rung up while the line was out',
    commands: Array.from({ length: OFFLINE }, () => 'purchase' as const),
    isOffline: true,
    isOver: (seen) => arrivesLater(seen, OFFLINE) === undefined,
    judge: (seen) => arrivesLater(seen, OFFLINE),
  },
  {
    rule: 'refusal',
    title: 'does not repeat what was refused',
    commands: ['purchase'],
    faults: [{ kind: 'answered', status: 409 }],
    isOver: (seen) => seen.length > 0,
    watchOnMs: QUIET_MS,
    judge: accepts,
  },
  {
    rule: 'refund',
    title: 'refunds a purchase by its receipt, and repeats that too',
    commands: ['refund'],
    faults: [lost],
    isOver: answered,
    judge: namesItsPurchase,
  },
  {
    rule: 'growth',
    title: 'is not upset by a field that it does not know',
    commands: ['purchase', 'purchase'],
    faults: [{ kind: 'answer-grown' }],
    isOver: (seen) => seen.filter(isTaken).length > 1,
    judge: (seen) => (seen.filter(isTaken).length > 1 ? undefined : 'it stopped after an answer with a new field'),
  },
  {
    rule: 'signature',
    title: 'signs every write as a whole, where it signs',
    commands: ['purchase'],
    isOver: (seen) => seen.some((each) => each.answered),
    judge: (seen, before) => signsAllOrNone([...before, ...seen]) ?? isPostedWell(seen),
  },
  {
    // Comes after what looks at the till's clock: a till that is told the time goes by it from now on.
    rule: 'signed-time',
    title: 'signs again by the time that it is told, where it signs',
    commands: ['purchase'],
    faults: [{ kind: 'clock-told', aheadS: AHEAD_S }],
    isOver: answered,
    judge: (seen) => takesTheTime(seen, AHEAD_S),
  },
  {
    rule: 'receipts',
    title: 'uses a receipt number for one receipt',
    commands: [],
    isOver: () => true,
    judge: (_seen, before) => numbersReceiptsOnce(before),
  },
];
