import { CouponKind, type CouponTerms } from '@regulars/contracts/loyalty/v1/coupons';

/** Ten yuan off, for everybody, everywhere, with others, without end; changed as told. */
export function aCouponKind(programmeId: string, change: Partial<CouponTerms> = {}): CouponTerms {
  return {
    programmeId,
    code: 'TEN-OFF',
    nameZh: '立减十元',
    nameEn: 'Ten yuan off',
    kind: CouponKind.AMOUNT_OFF,
    valueMinor: 1_000,
    percent: 0,
    capMinor: 0,
    minSpendMinor: 0,
    skus: [],
    categories: [],
    combines: true,
    perReceipt: 1,
    perPerson: 0,
    tiers: [],
    storeIds: [],
    validFrom: '2020-01-01',
    validUntil: '',
    validDays: 0,
    ...change,
  };
}
