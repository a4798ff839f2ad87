/** Where events of coupons go. */
export const couponsTopic = 'regulars.loyalty.coupons.v1';
