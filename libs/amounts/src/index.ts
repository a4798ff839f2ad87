export { InvalidAmount, type Minor, minor, type Points, points } from './amount.js';
export { currencyDecimals, isCurrency } from './currency.js';
export { type Fraction, prorate, type RoundingMode, share } from './prorate.js';
