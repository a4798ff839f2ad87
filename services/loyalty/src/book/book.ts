import { PurchaseRefusal, type Receipt } from '@regulars/contracts/loyalty/v1/purchases';
import { type Today, todayAt } from '../programmes/calendar.js';
import { type Policy, type Programme, policyOfVersion, policyOn } from '../programmes/policy.js';

/** What is needed of a store to take its purchases. */
export interface Place {
  readonly storeId: string;
  readonly brandId: string;
  readonly timeZone: string;
  readonly dayCutoverMinutes: number;
}

/** Where a receipt was rung up and by which policy it is decided. */
export interface Ground {
  readonly place: Place;
  readonly programme: Programme;
  readonly policy: Policy;
}

/** A ground as of now. */
export interface GroundToday extends Ground {
  readonly businessDate: string;
}

/**
 * Stores, tills and programmes in memory: everything a decision needs that does not depend on the member. It is as of
 * one revision; whoever decides by it compares that with the revision seen under the members' locks.
 */
export class Book {
  private readonly todays = new Map<string, Today>();

  constructor(
    readonly revision: number,
    private readonly stores: ReadonlyMap<string, Place>,
    private readonly tills: ReadonlyMap<string, string>,
    private readonly programmesByBrand: ReadonlyMap<string, Programme>,
  ) {}

  /** Where and by what a receipt is decided, or why it cannot be. */
  groundOf({ storeId, tillId, businessDate }: Receipt): Ground | PurchaseRefusal {
    const place = this.stores.get(storeId);
    if (!place) return PurchaseRefusal.UNKNOWN_STORE;
    if (this.tills.get(tillId) !== storeId) return PurchaseRefusal.UNKNOWN_TILL;
    const programme = this.programmesByBrand.get(place.brandId);
    const policy = programme && policyOn(programme, businessDate);
    if (!programme || !policy) return PurchaseRefusal.NO_PROGRAMME;
    return { place, programme, policy };
  }

  /** Where a till stands and the policy of its present business day, or why nothing can be decided there. */
  groundToday(till: Pick<Receipt, 'storeId' | 'tillId'>, nowMs: number): GroundToday | PurchaseRefusal {
    const place = this.stores.get(till.storeId);
    if (!place) return PurchaseRefusal.UNKNOWN_STORE;
    const { businessDate } = this.todayAt(place, nowMs);
    const ground = this.groundOf({ ...till, businessDate, receiptNumber: '' });
    return typeof ground === 'object' ? { ...ground, businessDate } : ground;
  }

  place(storeId: string): Place | undefined {
    return this.stores.get(storeId);
  }

  places(): Place[] {
    return [...this.stores.values()];
  }

  programmeOfStore(storeId: string): Programme | undefined {
    const place = this.stores.get(storeId);
    return place && this.programmesByBrand.get(place.brandId);
  }

  /** What a programme's version says, for what was decided by it earlier. */
  policyOfVersion(programmeId: string, version: number): Policy | undefined {
    for (const programme of this.programmesByBrand.values()) {
      if (programme.programmeId === programmeId) return policyOfVersion(programme, version);
    }
    return undefined;
  }

  /** Every programme's policy of the day, and that day in the policy's own zone. */
  policiesAt(nowMs: number): ReadonlyMap<string, { readonly policy: Policy; readonly today: string }> {
    const policies = new Map<string, { policy: Policy; today: string }>();
    for (const programme of this.programmesByBrand.values()) {
      const zone = (programme.policies.at(-1) ?? { timeZone: 'UTC' }).timeZone;
      const today = this.todayAt({ timeZone: zone, dayCutoverMinutes: 0 }, nowMs).calendarDate;
      const policy = policyOn(programme, today) ?? programme.policies[0];
      if (policy) policies.set(programme.programmeId, { policy, today });
    }
    return policies;
  }

  /** The date in a programme's zone; in UTC while no version of it is published. */
  todayOf(programmeId: string, nowMs: number): string {
    const utc = () => this.todayAt({ timeZone: 'UTC', dayCutoverMinutes: 0 }, nowMs).calendarDate;
    return this.policiesAt(nowMs).get(programmeId)?.today ?? utc();
  }

  /** The dates of a place at a moment. */
  todayAt(place: Pick<Place, 'timeZone' | 'dayCutoverMinutes'>, nowMs: number): Today {
    const key = `${place.timeZone} ${place.dayCutoverMinutes}`;
    const known = this.todays.get(key);
    if (known && nowMs >= known.fromMs && nowMs < known.untilMs) return known;
    const today = todayAt(nowMs, place.timeZone, place.dayCutoverMinutes);
    this.todays.set(key, today);
    return today;
  }
}
