import { CouponKind, type CouponTerms } from '@regulars/contracts/loyalty/v1/coupons';
import { daysBefore, isDate } from '../programmes/calendar.js';
import { type Fault, isUuid } from '../programmes/terms.js';

/** A kind of coupon as stored. */
export interface DefinitionRow {
  readonly definitionId: string;
  readonly terms: CouponTerms;
}

const MOST_MINOR = 1_000_000_000_000;
const kinds = [CouponKind.AMOUNT_OFF, CouponKind.PERCENT_OFF, CouponKind.FREE_ITEM, CouponKind.SPEND_SAVE];

/** Everything that is wrong with a kind of coupon (requirement L9); empty when it can be issued. */
export function faultsOfCoupon(terms: CouponTerms | undefined): Fault[] {
  if (!terms) return [{ pointer: '/terms', message: 'is missing' }];
  const { kind, percent, capMinor, valueMinor, minSpendMinor, validFrom, validUntil } = terms;
  const isValued = kind === CouponKind.AMOUNT_OFF || kind === CouponKind.SPEND_SAVE;
  const name = (text: string) => text.trim().length > 0 && text.length <= 100;
  const checks: [pointer: string, holds: boolean, message: string][] = [
    ['/code', /^[A-Z0-9-]{1,20}$/.test(terms.code), 'expected 1 to 20 of A-Z, 0-9 and dashes'],
    ['/nameZh', name(terms.nameZh), 'expected 1 to 100 characters'],
    ['/nameEn', name(terms.nameEn), 'expected 1 to 100 characters'],
    ['/kind', kinds.includes(kind), 'expected amount-off, percent-off, free-item or spend-save'],
    ['/valueMinor', isBetween(valueMinor, isValued ? 1 : 0, MOST_MINOR), 'expected an amount above 0'],
    ['/percent', kind !== CouponKind.PERCENT_OFF || isBetween(percent, 1, 100), 'expected 1 to 100'],
    ['/capMinor', isBetween(capMinor, 0, MOST_MINOR), 'expected 0 or more'],
    [
      '/minSpendMinor',
      isBetween(minSpendMinor, kind === CouponKind.SPEND_SAVE ? 1 : 0, MOST_MINOR),
      'expected an amount',
    ],
    [
      '/skus',
      kind !== CouponKind.FREE_ITEM || terms.skus.length + terms.categories.length > 0,
      'a free item needs articles or categories that it is for',
    ],
    ['/perReceipt', isBetween(terms.perReceipt, 1, 100), 'expected 1 to 100'],
    ['/perPerson', isBetween(terms.perPerson, 0, 100_000), 'expected 0 to 100000'],
    ['/storeIds', terms.storeIds.every(isUuid), 'expected UUIDs'],
    ['/validFrom', isDate(validFrom), 'expected a date, YYYY-MM-DD'],
    ['/validUntil', validUntil === '' || (isDate(validUntil) && validUntil >= validFrom), 'ends before it begins'],
    ['/validDays', isBetween(terms.validDays, 0, 3_660), 'expected 0 to 3660'],
  ];
  return checks.filter(([, holds]) => !holds).map(([pointer, , message]) => ({ pointer, message }));
}

/** The last business date of a coupon issued on a date; undefined: without end. */
export function lastDayOf({ validDays, validUntil }: CouponTerms, issuedOn: string): string | undefined {
  const own = validDays > 0 ? daysBefore(issuedOn, 1 - validDays) : undefined;
  if (own === undefined) return validUntil || undefined;
  return validUntil !== '' && validUntil < own ? validUntil : own;
}

function isBetween(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}
