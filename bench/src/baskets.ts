/** The end of a purchase's body: what was bought and how it was paid. */
export interface Basket {
  json: string;
  bytes: number;
  totalMinor: number;
}
export type Baskets = readonly Basket[];

const MENU = [
  { sku: 'NOODLE-01', name: '招牌牛肉面', category: 'noodles', minor: 3_200 },
  { sku: 'NOODLE-02', name: '葱油拌面', category: 'noodles', minor: 1_800 },
  { sku: 'DIM-04', name: '蟹粉小笼包', category: 'dim-sum', minor: 4_600 },
  { sku: 'COLD-11', name: '拍黄瓜', category: 'cold-dishes', minor: 1_200 },
  { sku: 'SOUP-07', name: 'Hot and sour soup', category: 'soups', minor: 1_500 },
  { sku: 'DRINK-03', name: '桂花酸梅汤', category: 'drinks', minor: 900 },
  { sku: 'DRINK-09', name: 'Sparkling water 0.5 l', category: 'drinks', minor: 700 },
] as const;

const CHANNELS = ['dine-in', 'dine-in', 'takeaway', 'delivery'] as const;
const PAYMENTS = ['wechat-pay', 'alipay', 'card', 'cash'] as const;

/** Some dozens of plausible baskets of one to five lines, three on average; the same ones on every run. */
export function baskets(): Baskets {
  return Array.from({ length: 60 }, (_, number) => {
    const lines = Array.from({ length: 1 + (number % 5) }, (_line, position) => lineOf(number, position));
    const totalMinor = lines.reduce((sum, line) => sum + line.amountMinor, 0);
    const payments = [{ type: PAYMENTS[number % PAYMENTS.length], amountMinor: totalMinor }];
    const channel = CHANNELS[number % CHANNELS.length];
    const rest = { currency: 'CNY', totalMinor, lines, payments, channel, partySize: 1 + (number % 4) };
    const json = JSON.stringify(rest).slice(1);
    return { json, bytes: Buffer.byteLength(json), totalMinor };
  });
}

function lineOf(basket: number, position: number) {
  const dish = MENU[(basket * 3 + position * 2) % MENU.length] as (typeof MENU)[number];
  const pieces = 1 + ((basket + position) % 2);
  const { sku, name, category, minor } = dish;
  return { sku, name, category, quantityMilli: pieces * 1_000, amountMinor: pieces * minor };
}
