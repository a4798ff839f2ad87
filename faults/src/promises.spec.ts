import { describe, expect, it } from '@jest/globals';
import { History, type Outcome, type Receipt } from './history.js';
import { brokenPromises } from './promises.js';
import type { StoredEntry, StoredLoyalty, StoredPurchase } from './stored.js';

const receipt: Receipt = { storeId: 'store', tillId: 'till', businessDate: '2026-11-02', receiptNumber: '1' };
const credited: Outcome = { kind: 'credited', purchaseId: 'p1', memberId: 'm1', points: 5, balance: 5 };
const purchase: StoredPurchase = { purchaseId: 'p1', receipt, state: 'credited', memberId: 'm1' };
const credit: StoredEntry = {
  entryId: 'p1',
  memberId: 'm1',
  memberSeq: 1,
  kind: 'earn',
  points: 5,
  balanceAfter: 5,
  sourceId: 'p1',
};
const whole: StoredLoyalty = { purchases: [purchase], entries: [credit], refunds: [] };
const nothing: StoredLoyalty = { purchases: [], entries: [], refunds: [] };

/** A till that asked once for each answer, under one key unless told otherwise. */
function asked(answers: readonly Outcome[], keys: readonly string[] = []): History {
  const history = new History();
  answers.forEach((outcome, place) => {
    const key = keys[place] ?? 'key';
    history.end(history.begin({ operation: 'purchase', receipt, memberId: 'm1', key }), outcome, place > 0);
  });
  return history;
}

function rules(history: History, stored: StoredLoyalty): string[] {
  return brokenPromises(history.attempts, stored).map(({ rule }) => rule);
}

describe('The promise to tills, held against what is stored', () => {
  it('[L1] has nothing to say about a purchase that was credited once and answered twice', () => {
    expect(rules(asked([{ kind: 'lost' }, credited, credited]), whole)).toEqual([]);
  });

  it('[L1] objects to an acknowledged purchase without a credit', () => {
    expect(rules(asked([credited]), { ...nothing, purchases: [purchase] })).toContain(
      'answered credited: exactly one credit',
    );
    expect(rules(asked([credited]), nothing)).toContain('answered credited: exactly one credit');
  });

  it('[L1] objects to two credits of one receipt, whatever was answered', () => {
    const twice = { ...credit, entryId: 'e2', memberSeq: 2, balanceAfter: 10 };
    for (const answer of [credited, { kind: 'lost' } as const, { kind: 'pending', purchaseId: 'p1' } as const]) {
      expect(rules(asked([answer]), { ...whole, entries: [credit, twice] })).toContain('never credited twice');
    }
  });

  it('[L1] objects to two purchases of one receipt that are credited apart', () => {
    const second = { ...purchase, purchaseId: 'p2' };
    const twice = { ...credit, entryId: 'p2', sourceId: 'p2', memberSeq: 2, balanceAfter: 10 };
    const broken = rules(asked([credited]), { ...whole, purchases: [purchase, second], entries: [credit, twice] });
    expect(broken).toContain('never credited twice');
    expect(broken).toContain('a receipt is stored once');
  });

  it('[L1] objects to a second credit that only its answer tells of', () => {
    const other: Outcome = { ...credited, purchaseId: 'p2', balance: 10 };
    const twice = { ...credit, entryId: 'p2', sourceId: 'p2', memberSeq: 2, balanceAfter: 10 };
    const stored = { ...whole, entries: [credit, twice] };
    expect(rules(asked([credited, other], ['a', 'b']), stored)).toContain('never credited twice');
  });

  it('[L2] objects to a purchase that was answered pending or held and is not stored', () => {
    for (const kind of ['pending', 'held'] as const) {
      expect(rules(asked([{ kind, purchaseId: 'p1' }]), nothing)).toEqual(['answered pending or held: stored']);
    }
  });

  it('[L1] lets a purchase be pending first and credited later', () => {
    expect(rules(asked([{ kind: 'pending', purchaseId: 'p1' }]), whole)).toEqual([]);
  });

  it('[L1] objects to another answer under the same key, and to none under a new one', () => {
    const later: Outcome = { ...credited, balance: 6 };
    expect(rules(asked([credited, later]), whole)).toContain('the same key gets the same answer');
    const refused: Outcome = { kind: 'refused', code: 'RECEIPT_CONFLICT' };
    expect(rules(asked([credited, refused], ['a', 'b']), whole)).toEqual([]);
  });

  it('[L1] objects to an answer that tells other points than are stored', () => {
    expect(rules(asked([{ ...credited, points: 6 }]), whole)).toEqual(['an answer tells what is stored']);
    expect(rules(asked([{ ...credited, memberId: 'm2' }]), whole)).toEqual(['an answer tells what is stored']);
  });

  it('[L1] lets an unanswered purchase be absent or whole, and objects to half of one', () => {
    const lost = asked([{ kind: 'lost' }]);
    expect(rules(lost, nothing)).toEqual([]);
    expect(rules(lost, whole)).toEqual([]);
    expect(rules(lost, { ...nothing, purchases: [purchase] })).toContain('not acknowledged: absent or whole');
    expect(rules(lost, { ...nothing, entries: [credit] })).not.toEqual([]);
  });

  it('[L1] objects to what nobody posted', () => {
    expect(rules(new History(), whole)).toContain('nothing is stored that nobody posted');
  });

  it('[L1] objects to a defect that a till was told of, unless the scenario asked for one', () => {
    const defect: Outcome = { kind: 'wrong', what: '500 INTERNAL' };
    expect(rules(asked([defect]), nothing)).toEqual(['a till never sees a defect']);
    const poisoned = new History();
    const attempt = { operation: 'purchase' as const, receipt, memberId: 'm1', key: 'key', isPoison: true };
    poisoned.end(poisoned.begin(attempt), defect);
    expect(rules(poisoned, nothing)).toEqual([]);
  });
});

describe('The promise about refunds', () => {
  const back: Receipt = { ...receipt, receiptNumber: '1-BACK' };
  const reversal: StoredEntry = {
    ...credit,
    entryId: 'r1',
    sourceId: 'r1',
    kind: 'refund-reversal',
    points: -5,
    memberSeq: 2,
  };
  const refunded: StoredLoyalty = {
    ...whole,
    entries: [credit, reversal],
    refunds: [{ refundId: 'r1', receipt: back }],
  };

  function refundAnswered(outcome: Outcome): History {
    const history = asked([credited]);
    history.end(history.begin({ operation: 'refund', receipt: back, memberId: 'm1', key: 'back' }), outcome);
    return history;
  }

  it('[L6] has nothing to say when points were taken back as answered', () => {
    expect(rules(refundAnswered({ kind: 'taken-back', refundId: 'r1', points: 3, owed: 2 }), refunded)).toEqual([]);
    expect(rules(refundAnswered({ kind: 'waiting', refundId: 'r1' }), refunded)).toEqual([]);
  });

  it('[L6] objects when nothing, something else or twice as much was taken back', () => {
    const answer = refundAnswered({ kind: 'taken-back', refundId: 'r1', points: 5, owed: 0 });
    expect(rules(answer, { ...refunded, entries: [credit] })).toEqual(['answered taken back: exactly so']);
    const twice = { ...refunded, entries: [credit, reversal, { ...reversal, entryId: 'r2', memberSeq: 3 }] };
    expect(rules(answer, twice)).toContain('never taken back twice');
  });

  it('[L6] objects to an answered refund that is not stored', () => {
    expect(rules(refundAnswered({ kind: 'waiting', refundId: 'r1' }), whole)).toEqual(['an answered refund is stored']);
  });
});

describe('The history of a scenario', () => {
  it('[O2] counts what is in flight at the moment of the fault', () => {
    const history = new History();
    const [first] = [1, 2, 3].map((n) => {
      const own = { ...receipt, receiptNumber: String(n) };
      return history.begin({ operation: 'purchase', receipt: own, memberId: undefined, key: String(n) });
    });
    history.end(first as Parameters<typeof history.end>[0], credited);
    history.strike('kill');
    expect(history.strikes).toMatchObject([{ what: 'kill', inFlight: 2 }]);
  });

  it('[O2] refuses to write down two answers to one request', () => {
    const history = asked([credited]);
    expect(() => history.end(history.attempts[0] as Parameters<typeof history.end>[0], credited)).toThrow('twice');
  });
});
