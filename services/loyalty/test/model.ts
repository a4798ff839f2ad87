interface Posted {
  readonly body: number;
  readonly minor: number;
  member: number | undefined;
  points: number;
  lot: number;
  answer: string;
  refunded: number;
  uncredited: number;
}

/**
 * What loyalty should do, written as plainly as possible: one point for each yuan, one tier, no caps, one business day.
 * Answers are short texts that end with whether they repeat an earlier one.
 */
export class Model {
  private readonly receipts = new Map<number, Posted>();
  private readonly keys = new Map<number, { body: string; answer: string }>();
  private readonly refunds = new Map<number, { body: string; answer: string }>();
  private readonly waiting: { no: number; receipt: number; quarters: number }[] = [];
  private readonly balances = new Map<number, number>();
  private readonly debts = new Map<number, number>();
  private isLateKnown = false;

  constructor(
    private readonly late: number,
    private readonly anonymous: number,
  ) {}

  memberOf(receipt: number): number {
    return receipt % (this.anonymous + 1);
  }

  minorOf(receipt: number): number {
    return 1_000 + receipt * 532;
  }

  postedMinorOf(receipt: number): number {
    return this.receipts.get(receipt)?.minor ?? this.minorOf(receipt);
  }

  balanceOf(member: number): number {
    return this.balances.get(member) ?? 0;
  }

  post(receipt: number, body: number, key: number | undefined): string {
    const known = key === undefined ? undefined : this.keys.get(key);
    if (known) return known.body === `${receipt}/${body}` ? `${known.answer} true` : 'IDEMPOTENCY_KEY_REUSED false';
    const claim = this.receipts.get(receipt);
    const isReplay = claim?.body === body;
    const answer = claim ? (isReplay ? claim.answer : 'RECEIPT_CONFLICT') : this.take(receipt, body);
    if (key !== undefined) this.keys.set(key, { body: `${receipt}/${body}`, answer });
    return `${answer} ${isReplay}`;
  }

  /** More than one waiting refund of a purchase would be applied in an order that nobody promises. */
  waitsAlready(no: number, receipt: number): boolean {
    return this.waiting.some((each) => each.receipt === receipt && each.no !== no);
  }

  refund(no: number, receipt: number, quarters: number): string {
    const known = this.refunds.get(no);
    const body = `${receipt}/${quarters}`;
    if (known) {
      if (known.body !== body) return 'RECEIPT_CONFLICT';
      return known.answer.startsWith('taken') || known.answer === 'waiting' ? `${known.answer} true` : known.answer;
    }
    const posted = this.receipts.get(receipt);
    const answer = posted ? this.giveBack(posted, receipt, quarters) : 'waiting';
    if (!posted) this.waiting.push({ no, receipt, quarters });
    if (/^[A-Z]/.test(answer)) return answer;
    this.refunds.set(no, { body, answer });
    return `${answer} false`;
  }

  claim(receipt: number, member: number): string {
    const posted = this.receipts.get(receipt);
    if (!posted) return 'NOT_FOUND';
    if (posted.member !== undefined) {
      return posted.member === member ? `credited ${posted.points} true` : 'ALREADY_CREDITED';
    }
    if (this.memberOf(receipt) !== this.anonymous) return 'ALREADY_CREDITED';
    this.credit(posted, member);
    return `credited ${posted.points} false`;
  }

  register(): void {
    this.isLateKnown = true;
  }

  dueWork(): void {
    for (const [receipt, posted] of this.receipts) {
      const isLate = this.memberOf(receipt) === this.late;
      if (posted.member === undefined && isLate && this.isLateKnown) this.credit(posted, this.late);
    }
    for (const { no, receipt, quarters } of this.waiting.splice(0)) {
      const posted = this.receipts.get(receipt);
      if (!posted) this.waiting.push({ no, receipt, quarters });
      else this.refunds.set(no, { body: `${receipt}/${quarters}`, answer: this.giveBack(posted, receipt, quarters) });
    }
  }

  private take(receipt: number, body: number): string {
    const minor = this.minorOf(receipt) + body * 400;
    const nobody = { member: undefined, points: 0, lot: 0, refunded: 0, uncredited: 0 };
    const posted: Posted = { body, minor, answer: 'pending', ...nobody };
    this.receipts.set(receipt, posted);
    const member = this.memberOf(receipt);
    const isKnown = member < this.late || (member === this.late && this.isLateKnown);
    if (isKnown) this.credit(posted, member);
    return posted.answer;
  }

  private credit(posted: Posted, member: number): void {
    posted.member = member;
    posted.uncredited = posted.refunded;
    posted.points = Math.floor((posted.minor - posted.refunded) / 100);
    const debt = this.debts.get(member) ?? 0;
    const paid = Math.min(debt, posted.points);
    posted.lot = posted.points - paid;
    this.debts.set(member, debt - paid);
    const balance = this.balanceOf(member) + posted.points;
    this.balances.set(member, balance);
    posted.answer = `credited ${posted.points} of ${balance}`;
  }

  private giveBack(posted: Posted, receipt: number, quarters: number): string {
    const amount = (this.minorOf(receipt) / 4) * quarters;
    if (posted.refunded === posted.minor) return 'ALREADY_REFUNDED';
    const whole = posted.body === 0 ? posted.minor : Number.POSITIVE_INFINITY;
    if (posted.refunded + amount > Math.min(posted.minor, whole) || this.tooMany(posted, receipt, quarters)) {
      return 'MORE_THAN_BOUGHT';
    }
    const before = standFor(posted);
    posted.refunded += amount;
    if (posted.member === undefined) return 'taken 0 owed 0';
    const due = standFor(posted) - before;
    const taken = Math.min(due, posted.lot);
    posted.lot -= taken;
    this.debts.set(posted.member, (this.debts.get(posted.member) ?? 0) + due - taken);
    this.balances.set(posted.member, this.balanceOf(posted.member) - due);
    return `taken ${taken} owed ${due - taken}`;
  }

  /** A line of one piece cannot be given back in more than four quarters, whatever they cost. */
  private tooMany(posted: Posted, receipt: number, quarters: number): boolean {
    return (posted.refunded * 4) / this.minorOf(receipt) + quarters > 4;
  }
}

function standFor({ points, minor, refunded, uncredited }: Posted): number {
  return minor === uncredited ? 0 : Math.floor((points * (refunded - uncredited)) / (minor - uncredited));
}
