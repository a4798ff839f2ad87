import { Injectable } from '@nestjs/common';
import { Allowance } from './allowance.js';

/** So many are remembered at most; then those that have nothing to remember go, and after them the oldest. */
const MOST_SUBJECTS = 50_000;
const MOST_TOLD = 1_000;

/** What is told to the other gateways of one subject. */
export interface Told {
  readonly subject: string;
  readonly calls: number;
  readonly allowance: Allowance;
}

/** Protective limits of callers and addresses (requirement O4): counted here, reconciled with the other gateways. */
@Injectable()
export class Limits {
  private readonly allowances = new Map<string, Allowance>();

  /** Lets a call of a subject in and answers 0, or answers after how many milliseconds the next one may come. */
  take(subject: string, perSecond: number, nowMs: number): number {
    let allowance = this.allowances.get(subject);
    if (!allowance) {
      if (this.allowances.size >= MOST_SUBJECTS) this.forget(nowMs);
      allowance = new Allowance({ perSecond }, nowMs);
      this.allowances.set(subject, allowance);
    }
    return allowance.take(nowMs);
  }

  /** What the other gateways have to know. */
  toTell(): Told[] {
    const told: Told[] = [];
    for (const [subject, allowance] of this.allowances) {
      if (allowance.toTell > 0) told.push({ subject, calls: allowance.toTell, allowance });
      if (told.length === MOST_TOLD) break;
    }
    return told;
  }

  /** Forgets those that have used nothing of late. */
  forget(nowMs: number): void {
    for (const [subject, allowance] of this.allowances) {
      if (allowance.isWhole(nowMs)) this.allowances.delete(subject);
    }
    for (const subject of this.allowances.keys()) {
      if (this.allowances.size < MOST_SUBJECTS) return;
      this.allowances.delete(subject);
    }
  }
}
