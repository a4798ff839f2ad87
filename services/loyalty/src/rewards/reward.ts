import { RewardKind, type RewardTerms } from '@regulars/contracts/loyalty/v1/rewards';
import { isDate } from '../programmes/calendar.js';
import { type Fault, isUuid } from '../programmes/terms.js';

/** A reward of the catalogue as stored. */
export interface RewardRow {
  readonly rewardId: string;
  readonly terms: RewardTerms;
  /** Null where it is not counted. */
  readonly stock: number | null;
}

/** Beyond this, points times a quantity could leave the safe integers. */
const MOST = 1_000_000_000;

const kinds: readonly RewardKind[] = [RewardKind.DISH, RewardKind.GIFT, RewardKind.MONEY_OFF];

/** Everything that is wrong with a reward (requirement L8); empty when it can be offered. */
export function faultsOfReward(terms: RewardTerms | undefined, stock: number | undefined): Fault[] {
  if (!terms) return [{ pointer: '/terms', message: 'is missing' }];
  const { valueMinor, validFrom, validUntil } = terms;
  const least = terms.kind === RewardKind.MONEY_OFF ? 1 : 0;
  const name = (text: string) => text.trim().length > 0 && text.length <= 100;
  const checks: [pointer: string, holds: boolean, message: string][] = [
    ['/code', /^[A-Z0-9-]{1,20}$/.test(terms.code), 'expected 1 to 20 of A-Z, 0-9 and dashes'],
    ['/nameZh', name(terms.nameZh), 'expected 1 to 100 characters'],
    ['/nameEn', name(terms.nameEn), 'expected 1 to 100 characters'],
    ['/kind', kinds.includes(terms.kind), 'expected dish, gift or money-off'],
    ['/points', isBetween(terms.points, 1, MOST), `expected 1 to ${MOST}`],
    ['/valueMinor', isBetween(valueMinor, least, MOST), `expected ${least} to ${MOST}`],
    ['/perMember', isBetween(terms.perMember, 0, 100_000), 'expected 0 to 100000'],
    ['/tiers', terms.tiers.every((tier) => /^[a-z0-9-]{1,32}$/.test(tier)), 'expected codes of tiers'],
    ['/storeIds', terms.storeIds.every(isUuid), 'expected UUIDs'],
    ['/validFrom', isDate(validFrom), 'expected a date, YYYY-MM-DD'],
    ['/validUntil', validUntil === '' || (isDate(validUntil) && validUntil >= validFrom), 'ends before it begins'],
    ['/stock', stock === undefined || isBetween(stock, 0, MOST), `expected 0 to ${MOST}`],
  ];
  return checks.filter(([, holds]) => !holds).map(([pointer, , message]) => ({ pointer, message }));
}

export type NotEligible =
  | 'REWARD_NOT_OF_PROGRAMME'
  | 'REWARD_NOT_AT_STORE'
  | 'REWARD_NOT_YET_VALID'
  | 'REWARD_ENDED'
  | 'TIER_NOT_ELIGIBLE'
  | 'LIMIT_REACHED';

/** Who wants how many of a reward, where and when. */
export interface Wish {
  readonly programmeId: string;
  readonly storeId: string;
  readonly businessDate: string;
  /** Undefined where the reward asks for no tier. */
  readonly tier: string | undefined;
  readonly quantity: number;
  /** How many the member holds or has redeemed, less what was given back. */
  readonly redeemedBefore: number;
}

/** Why a member cannot have a reward (requirement L8); undefined when nothing but points and stock decides. */
export function whyNot({ terms }: RewardRow, wish: Wish): NotEligible | undefined {
  if (terms.programmeId !== wish.programmeId) return 'REWARD_NOT_OF_PROGRAMME';
  if (terms.storeIds.length > 0 && !terms.storeIds.includes(wish.storeId)) return 'REWARD_NOT_AT_STORE';
  if (wish.businessDate < terms.validFrom) return 'REWARD_NOT_YET_VALID';
  if (terms.validUntil !== '' && wish.businessDate > terms.validUntil) return 'REWARD_ENDED';
  if (terms.tiers.length > 0 && !terms.tiers.includes(wish.tier ?? '')) return 'TIER_NOT_ELIGIBLE';
  if (terms.perMember > 0 && wish.redeemedBefore + wish.quantity > terms.perMember) return 'LIMIT_REACHED';
  return undefined;
}

function isBetween(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}
