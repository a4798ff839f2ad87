import type { ExplainStep } from '@regulars/contracts/loyalty/v1/points';
import type { ReceiptText } from '@regulars/contracts/loyalty/v1/purchases';
import { causeIn, causeInWords } from '../holds/hold.js';
import type { Step, StepCode } from './accrual.js';

type Numbers = Readonly<Record<string, number>>;

/** Name of a rule by its place in the version. */
export type RuleNames = (number: number) => { readonly nameZh: string; readonly nameEn: string } | undefined;

const words: Record<StepCode, (numbers: Numbers, ruleOf: RuleNames) => ReceiptText> = {
  'counted-amount': (n) => ({
    zhCn: `计入积分的金额 ${money(n.counted_minor)}，小票金额 ${money(n.total_minor)}`,
    en: `${money(n.counted_minor)} of ${money(n.total_minor)} counts`,
  }),
  'below-minimum': (n) => ({
    zhCn: `低于起积金额 ${money(n.minimum_minor)}，不积分`,
    en: `Below the minimum of ${money(n.minimum_minor)}: no points`,
  }),
  'base-accrual': (n) => ({
    zhCn: `每 ${money(n.per_minor)} 积 ${whole(n.points)} 分`,
    en: `${whole(n.points)} for every ${money(n.per_minor)}`,
  }),
  'tier-multiplier': (n) => ({ zhCn: `等级倍率 ${whole(n.percent)}%`, en: `Tier multiplier ${whole(n.percent)}%` }),
  rule: (n, ruleOf) => ({
    zhCn: `${named(n.rule, ruleOf).nameZh}：${whole(n.lines)} 行，计 ${money(n.covered_minor)}，加 ${tenThousandths(n.gives_e4)} 分`,
    en: `${named(n.rule, ruleOf).nameEn}: ${whole(n.lines)} lines, ${money(n.covered_minor)}, adds ${tenThousandths(n.gives_e4)}`,
  }),
  'rule-left-out': (n, ruleOf) => ({
    zhCn: `${named(n.rule, ruleOf).nameZh}（${tenThousandths(n.gives_e4)} 分）不与“${named(n.by, ruleOf).nameZh}”同享`,
    en: `${named(n.rule, ruleOf).nameEn} (${tenThousandths(n.gives_e4)}) does not go with ${named(n.by, ruleOf).nameEn}`,
  }),
  rounding: (n) => ({ zhCn: `取整为 ${whole(n.points)} 分`, en: `Rounded to ${whole(n.points)}` }),
  'cap-per-day': (n) => ({
    zhCn: `每日上限 ${whole(n.cap)} 分，此前已得 ${whole(n.earned_before)} 分`,
    en: `Cap of ${whole(n.cap)} a day, ${whole(n.earned_before)} earned before`,
  }),
  'cap-per-month': (n) => ({
    zhCn: `每月上限 ${whole(n.cap)} 分，此前已得 ${whole(n.earned_before)} 分`,
    en: `Cap of ${whole(n.cap)} a month, ${whole(n.earned_before)} earned before`,
  }),
  released: (n) => {
    const why = causeInWords(causeIn(n));
    return { zhCn: `核查后入账（${why.zhCn}）`, en: `Credited after a check (${why.en})` };
  },
  'taken-back': (n) => ({
    zhCn: `退款 ${money(n.refunded_minor)}，扣回 ${whole(n.points)} 分，欠 ${whole(n.owed)} 分`,
    en: `${money(n.refunded_minor)} refunded: ${whole(n.points)} taken back, ${whole(n.owed)} owed`,
  }),
  expired: (n) => ({
    zhCn: `到期未用 ${whole(n.points)} 分`,
    en: `${whole(n.points)} ended unused`,
  }),
  redeemed: (n) => ({
    zhCn: `兑换 ${whole(n.quantity)} 件，共 ${whole(n.points)} 分`,
    en: `${whole(n.points)} for ${whole(n.quantity)} redeemed`,
  }),
  merged: (n) => ({
    zhCn: `会员合并或拆分，转移 ${whole(n.points)} 分`,
    en: `${whole(n.points)} moved with a merge of members, or back`,
  }),
  'brought-in': (n) => ({
    zhCn: `由原会员计划转入 ${whole(n.points)} 分（文件第 ${whole(n.line)} 行）`,
    en: `${whole(n.points)} brought in from the programme before (line ${whole(n.line)} of the file)`,
  }),
  adjusted: (n) => ({
    zhCn: `人工调整 ${whole(n.points)} 分`,
    en: `${whole(n.points)} given or taken by hand`,
  }),
  'given-back': (n) => ({
    zhCn: `兑换退回 ${whole(n.points)} 分，其中 ${whole(n.ended)} 分已到期`,
    en: `${whole(n.points)} of a redemption given back, ${whole(n.ended)} of them had ended meanwhile`,
  }),
};

/** Stored steps in words (requirement L3), in Chinese and English; amounts in minor units are written with two decimals. */
export function stepsInWords(steps: readonly Step[], ruleOf: RuleNames): ExplainStep[] {
  return steps.map(([code, pointsE4, numbers]) => {
    const text = words[code](numbers, ruleOf);
    return { code, pointsE4, numbers: { ...numbers }, text };
  });
}

function named(number: number | undefined, ruleOf: RuleNames) {
  const unnamed = { nameZh: `规则 ${whole(number)}`, nameEn: `Rule ${whole(number)}` };
  return ruleOf(number ?? 0) ?? unnamed;
}

function tenThousandths(value: number | undefined): string {
  return String(Math.round((value ?? 0) / 100) / 100);
}

function whole(value: number | undefined): string {
  return String(value ?? 0);
}

function money(minor: number | undefined): string {
  const digits = String(Math.abs(minor ?? 0)).padStart(3, '0');
  return `${(minor ?? 0) < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
