import { Api, accepted, type Platform } from '@regulars/tools';
import type { Laboratory } from './laboratory.js';
import type { Measured, Measurements } from './measurements.js';
import type { Plan } from './plan.js';
import { median } from './statistics.js';

const RULES = 50;
const TIERS = 8;
const CATEGORIES = ['noodles', 'dim-sum', 'cold-dishes', 'soups', 'drinks'] as const;

/** Purchases by the plain version of the programme and by one with many rules and tiers. */
export interface RulesCompared {
  plain: Record<64 | 256, Measured[]>;
  ruled: Record<64 | 256, Measured[]>;
}

/**
 * Measures purchases by two versions of one programme in turn: yesterday is decided by the plain one, today by one with
 * 50 rules that are all in play, eight tiers and reviews.
 */
export async function compareRules(lab: Laboratory, measurements: Measurements, plan: Plan): Promise<RulesCompared> {
  await publishRules(lab.platform);
  const [yesterday, today] = [dayUtc(-1), dayUtc(0)];
  await measurements.purchases({ connections: 64, warmUpS: 0, seconds: plan.warmUpS, businessDate: today });
  const compared: RulesCompared = { plain: { 64: [], 256: [] }, ruled: { 64: [], 256: [] } };
  for (let round = 1; round <= plan.rounds; round++) {
    for (const connections of [64, 256] as const) {
      for (const [kind, businessDate] of [
        ['plain', yesterday],
        ['ruled', today],
      ] as const) {
        await measurements.rest();
        const load = { connections, warmUpS: plan.warmUpS, seconds: plan.loadS, businessDate };
        compared[kind][connections].push(await measurements.purchases(load));
      }
    }
  }
  return compared;
}

/** What it costs, for reading. */
export function rulesText({ plain, ruled }: RulesCompared): string {
  const lines = ([64, 256] as const).map((connections) => {
    const [one, other] = [plain[connections], ruled[connections]].map((all) => ({
      perSecond: Math.round(median(all.map((each) => each.perSecond))),
      p99Ms: median(all.map((each) => each.p99Ms)),
    })) as [Figures, Figures];
    const lost = (100 * (one.perSecond - other.perSecond)) / one.perSecond;
    return `${connections} connections: plain ${told(one)}; ${RULES} rules and ${TIERS} tiers ${told(other)}; loss ${lost.toFixed(1)} %`;
  });
  return ['Purchases by the plain version and by the one with rules (target: a loss of at most 15 %)', ...lines].join(
    '\n',
  );
}

interface Figures {
  perSecond: number;
  p99Ms: number;
}

function told({ perSecond, p99Ms }: Figures): string {
  return `${perSecond}/s, p99 ${p99Ms} ms`;
}

async function publishRules(platform: Platform): Promise<void> {
  const office = new Api(platform.gateway.url, platform.tokens.administrator);
  const path = `/v1/programmes/${platform.programmeId}`;
  const programme = accepted(await office.get(path), 'reading the programme') as {
    versions: { terms: Record<string, unknown> }[];
  };
  const terms = { ...programme.versions[0]?.terms, tiers: tiers(), tierReview: { everyMonths: 12 }, rules: rules() };
  const drafted = accepted(await office.post(`${path}/versions`, terms), 'drafting the rules') as { version: number };
  const publish = `${path}/versions/${drafted.version}:publish`;
  accepted(await office.post(publish, { effectiveFrom: dayUtc(0) }), 'publishing the rules');
}

function tiers() {
  return Array.from({ length: TIERS }, (_, place) => ({
    code: `tier-${place}`,
    nameZh: `等级 ${place}`,
    nameEn: `Tier ${place}`,
    fromSpentMinor: place * 1_000_000,
    multiplierPercent: 100 + place * 10,
  }));
}

/** Of every kind, and all of them in play on every day in every store. */
function rules() {
  return Array.from({ length: RULES }, (_, place) => {
    const category = CATEGORIES[place % CATEGORIES.length];
    const gifts = [
      { multiplierPercent: 110 + place },
      { perAmount: { points: 1, perMinor: 5_000 } },
      { pointsPerUnit: 1 },
    ];
    return {
      code: `rule-${place}`,
      nameZh: `规则 ${place}`,
      nameEn: `Rule ${place}`,
      when: { categories: [category], leastMinor: place * 100, tiers: place % 4 === 0 ? ['tier-7'] : [] },
      ...gifts[place % gifts.length],
      stacking: place % 2 === 0 ? 'best-of' : 'add',
    };
  });
}

function dayUtc(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}
