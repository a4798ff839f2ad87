import { type Attempt, isAcknowledged, type Outcome, receiptId } from './history.js';
import type { StoredEntry, StoredLoyalty, StoredPurchase } from './stored.js';
import type { Violation } from './violation.js';

/** Everything that happened to one receipt: what tills asked and heard, and what is stored. */
interface Story {
  readonly receipt: string;
  readonly attempts: readonly Attempt[];
  readonly purchases: readonly StoredPurchase[];
  /** Earnings of those purchases. */
  readonly credits: readonly StoredEntry[];
}

/**
 * Holds what tills were answered against what is stored (requirements L1, L2): the promise of the platform, receipt by
 * receipt. Pure: the same history and rows give the same violations.
 */
export function brokenPromises(attempts: readonly Attempt[], stored: StoredLoyalty): Violation[] {
  const stories = storiesOf(attempts, stored);
  return [
    ...stories.flatMap(brokenFor),
    ...brokenRefunds(attempts, stored),
    ...differingAnswers(attempts),
    ...attempts.flatMap(defectSeen),
    ...unheardOf(stories, stored),
  ];
}

function brokenFor(story: Story): Violation[] {
  const { receipt, attempts, purchases, credits } = story;
  const violations: Violation[] = [];
  const broken = (rule: string, what: string) => violations.push({ rule, what: `${receipt}: ${what}` });
  const answers = attempts.filter(({ operation }) => operation === 'purchase').flatMap(({ outcome }) => outcome ?? []);
  const credited = answers.filter((answer) => answer.kind === 'credited');
  const kept = answers.filter((answer) => answer.kind === 'pending' || answer.kind === 'held');

  if (credits.length > 1) broken('never credited twice', `${credits.length} credits`);
  if (purchases.length > 1) broken('a receipt is stored once', `${purchases.length} purchases`);
  if (credited.length > 0 && credits.length === 0) broken('answered credited: exactly one credit', 'no credit');
  if (kept.length > 0 && purchases.length === 0) broken('answered pending or held: stored', 'not stored');
  if (!answers.some(isAcknowledged) && purchases.some(({ state }) => state === 'credited') && credits.length === 0) {
    broken('not acknowledged: absent or whole', 'a credited purchase without its credit');
  }
  if (credits.some(({ sourceId }) => !purchases.some(({ purchaseId }) => purchaseId === sourceId))) {
    broken('not acknowledged: absent or whole', 'a credit without its purchase');
  }
  for (const answer of credited) {
    if (credits[0] && !tells(answer, credits[0])) {
      broken(
        'an answer tells what is stored',
        `answered ${JSON.stringify(answer)}, stored ${JSON.stringify(credits[0])}`,
      );
    }
  }
  for (const answer of kept) {
    if (purchases[0] && purchases[0].purchaseId !== answer.purchaseId) {
      broken('an answer tells what is stored', `answered ${answer.purchaseId}, stored ${purchases[0].purchaseId}`);
    }
  }
  return violations;
}

/** What was promised of refunds: taken back once, as answered; kept when they came too early. */
function brokenRefunds(attempts: readonly Attempt[], stored: StoredLoyalty): Violation[] {
  const reversals = Map.groupBy(
    stored.entries.filter(({ kind }) => kind === 'refund-reversal'),
    ({ sourceId }) => sourceId,
  );
  const kept = new Set(stored.refunds.map(({ refundId }) => refundId));
  const answered = attempts.flatMap(({ receipt, outcome }) => {
    if (outcome?.kind !== 'taken-back' && outcome?.kind !== 'waiting') return [];
    const what = `${receiptId(receipt)}: refund ${outcome.refundId}`;
    if (!kept.has(outcome.refundId)) return [{ rule: 'an answered refund is stored', what }];
    if (outcome.kind === 'waiting') return [];
    const taken = (reversals.get(outcome.refundId) ?? []).reduce((sum, { points }) => sum - points, 0);
    if (taken === outcome.points + outcome.owed) return [];
    const told = `${what}: answered ${outcome.points} and ${outcome.owed} owed, taken ${taken}`;
    return [{ rule: 'answered taken back: exactly so', what: told }];
  });
  const twice = [...reversals].filter(([, entries]) => entries.length > 1);
  return [
    ...answered,
    ...twice.map(([id, { length }]) => ({ rule: 'never taken back twice', what: `refund ${id}: ${length} reversals` })),
  ];
}

function tells(answer: Extract<Outcome, { kind: 'credited' }>, credit: StoredEntry): boolean {
  return (
    answer.purchaseId === credit.sourceId &&
    answer.memberId === credit.memberId &&
    answer.points === credit.points &&
    answer.balance === credit.balanceAfter
  );
}

/** Under one key a till hears the same whenever it hears anything that it may rely on. */
function differingAnswers(attempts: readonly Attempt[]): Violation[] {
  const first = new Map<string, string>();
  return attempts.flatMap(({ key, receipt, operation, outcome }) => {
    if (key === undefined || !outcome || !(isAcknowledged(outcome) || outcome.kind === 'refused')) return [];
    const answer = JSON.stringify(outcome);
    const asked = `${receipt.tillId} ${operation} ${key}`;
    const before = first.get(asked);
    if (before === undefined) first.set(asked, answer);
    if (before === undefined || before === answer) return [];
    return [{ rule: 'the same key gets the same answer', what: `${receiptId(receipt)}: ${before}, then ${answer}` }];
  });
}

function defectSeen({ outcome, receipt, number, isPoison }: Attempt): Violation[] {
  if (outcome?.kind !== 'wrong' || isPoison) return [];
  return [{ rule: 'a till never sees a defect', what: `attempt ${number}, ${receiptId(receipt)}: ${outcome.what}` }];
}

/** Purchases and credits that no till ever asked for. */
function unheardOf(stories: readonly Story[], stored: StoredLoyalty): Violation[] {
  const asked = new Set(stories.filter(({ attempts }) => attempts.length > 0).map(({ receipt }) => receipt));
  const known = new Set(stored.purchases.map(({ purchaseId }) => purchaseId));
  return [
    ...stored.purchases
      .filter(({ receipt }) => !asked.has(receiptId(receipt)))
      .map(({ receipt }) => ({ rule: 'nothing is stored that nobody posted', what: receiptId(receipt) })),
    ...stored.entries
      .filter(({ kind, sourceId }) => kind === 'earn' && !known.has(sourceId))
      .map(({ entryId }) => ({
        rule: 'nothing is stored that nobody posted',
        what: `entry ${entryId} has no purchase`,
      })),
  ];
}

function storiesOf(attempts: readonly Attempt[], stored: StoredLoyalty): Story[] {
  const asked = Map.groupBy(attempts, ({ receipt }) => receiptId(receipt));
  const purchases = Map.groupBy(stored.purchases, ({ receipt }) => receiptId(receipt));
  const earned = Map.groupBy(
    stored.entries.filter(({ kind }) => kind === 'earn'),
    ({ sourceId }) => sourceId,
  );
  return [...new Set([...asked.keys(), ...purchases.keys()])].map((receipt) => {
    const own = purchases.get(receipt) ?? [];
    const answered = (asked.get(receipt) ?? []).flatMap(({ outcome }) =>
      outcome?.kind === 'credited' ? [outcome.purchaseId] : [],
    );
    const ids = new Set([...own.map(({ purchaseId }) => purchaseId), ...answered]);
    return {
      receipt,
      attempts: asked.get(receipt) ?? [],
      purchases: own,
      credits: [...ids].flatMap((id) => earned.get(id) ?? []),
    };
  });
}
