import type { HoldLimit, HoldLimits } from '@regulars/contracts/loyalty/v1/programmes';
import type { Checks } from '../programmes/checks.js';

/** At most so many within so long. */
export interface Limit {
  readonly most: number;
  readonly withinMinutes: number;
}

/** What a published version watches; what is undefined is not watched (requirement L15). */
export interface Limits {
  readonly memberPurchases: Limit | undefined;
  readonly tillPurchases: Limit | undefined;
  readonly tillMembers: Limit | undefined;
  readonly memberRefundsOfSpent: Limit | undefined;
}

/** The limits of terms without faults; undefined when nothing is watched, so that nothing is asked for. */
export function limitsOf(limits: HoldLimits | undefined): Limits | undefined {
  if (!limits || Object.values(limits).every((limit) => limit === undefined)) return undefined;
  return limits;
}

/** How far from a purchase others lie that count with it. */
export function reachMs(limits: Limits): number {
  const { memberPurchases, tillPurchases, tillMembers, memberRefundsOfSpent } = limits;
  const all = [memberPurchases, tillPurchases, tillMembers, memberRefundsOfSpent];
  return Math.max(...all.map((limit) => limit?.withinMinutes ?? 0)) * 60_000;
}

/** Everything that is wrong with drafted limits. */
export function limitFaults(checks: Checks, limits: HoldLimits | undefined): void {
  if (!limits) return;
  const { memberPurchases, tillPurchases, tillMembers, memberRefundsOfSpent } = limits;
  faultsOf(checks, 'memberPurchases', memberPurchases, 1);
  faultsOf(checks, 'tillPurchases', tillPurchases, 1);
  faultsOf(checks, 'tillMembers', tillMembers, 1);
  faultsOf(checks, 'memberRefundsOfSpent', memberRefundsOfSpent, 0);
}

function faultsOf(checks: Checks, name: keyof HoldLimits, limit: HoldLimit | undefined, least: number): void {
  if (!limit) return;
  checks.range(`/terms/holdLimits/${name}/most`, limit.most, least, 500);
  checks.range(`/terms/holdLimits/${name}/withinMinutes`, limit.withinMinutes, 1, 1_440);
}
