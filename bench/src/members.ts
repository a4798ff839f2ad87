import { MemberDirectoryServiceService } from '@regulars/contracts/members/v1/directory';
import { MemberServiceService } from '@regulars/contracts/members/v1/members';
import { PrincipalSigner, rpcClient } from '@regulars/service';
import { type Platform, printed } from '@regulars/tools';
import pg from 'pg';
import { type FilledMembers, fillMembers, mobileOf, nameOf } from './filled-members.js';
import type { Laboratory } from './laboratory.js';
import { bareQueries, type MembersCode, membersCode } from './members-code.js';

const CALLERS = 4;
const ROUNDS = 3;
const PAGE = 50;
/** Prime, so that those who are asked for are spread over all. */
const STRIDE = 104_729;

interface Times {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A question asked of the service over gRPC, in turn with its queries by node-postgres alone. */
export interface Asked {
  readonly what: string;
  readonly service: Times;
  readonly bare: Times;
  /** Of the 99th percentiles: how many times as long the service takes. */
  readonly ratio: number;
  readonly targetP99Ms: number;
  readonly isMet: boolean;
}

export interface MembersMeasured {
  readonly members: number;
  readonly callers: number;
  /** Members sealed, indexed and written for this run, for each second; not the service's import. */
  readonly filledPerSecond: number;
  readonly asked: readonly Asked[];
}

interface Question {
  readonly what: string;
  readonly targetP99Ms: number;
  readonly count: number;
  service(place: number): Promise<void>;
  bare(place: number): Promise<void>;
}

/** How fast members are found among many (requirements M4, M6). */
export async function measureMembers({ platform, buyers }: Laboratory, members: number): Promise<MembersMeasured> {
  const code = await membersCode(platform);
  const [pattern] = buyers;
  if (!pattern) throw new Error('Nobody registered whom the others could resemble');
  const filled = await printed.stage(`${members} sealed members`, () =>
    fillMembers(platform, code, members, pattern.memberId),
  );
  const pool = new pg.Pool({ connectionString: platform.database.urls.members, max: CALLERS });
  const address = `127.0.0.1:${platform.ports.members[0]?.grpc}`;
  const clients = [
    rpcClient(MemberServiceService, address),
    rpcClient(MemberDirectoryServiceService, address),
  ] as const;
  try {
    const asked: Asked[] = [];
    for (const question of await questions(platform, code, filled, pool, clients)) {
      asked.push(await printed.stage(question.what, () => ask(question, members)));
    }
    return { members, callers: CALLERS, filledPerSecond: filled.rowsPerSecond, asked };
  } finally {
    for (const client of clients) client.close();
    await pool.end();
  }
}

async function questions(
  platform: Platform,
  code: MembersCode,
  filled: FilledMembers,
  pool: pg.Pool,
  [lookups, directory]: readonly [
    ReturnType<typeof rpcClient<typeof MemberServiceService>>,
    ReturnType<typeof rpcClient<typeof MemberDirectoryServiceService>>,
  ],
): Promise<Question[]> {
  const signer = await PrincipalSigner.fromJwk(platform.service('gateway').program.env.PRINCIPAL_PRIVATE_KEY ?? '');
  const options = async () => ({
    principal: await signer.sign({ sub: 'bench', kind: 'person', roles: ['agent'], stores: '*' }),
    deadline: Date.now() + 10_000,
  });
  const db = bareQueries(pool);
  const same = (number: string | undefined, place: number) => {
    if (number !== filled.numberOf(place)) throw new Error(`Another member than the ${place}th was found`);
  };
  const found = (count: number, place: number) => {
    if (count === 0) throw new Error(`Nobody is called like ${nameOf(place)}`);
  };
  const lookUp = async (by: NonNullable<Parameters<typeof lookups.findMember>[0]['by']>, place: number) =>
    same((await lookups.findMember({ by }, await options())).member?.number, place);
  return [
    {
      what: 'look-up by number',
      targetP99Ms: 10,
      count: 2_000,
      service: (place) => lookUp({ $case: 'number', value: filled.numberOf(place) }, place),
      bare: async (place) =>
        same((await code.findMember(db, { by: 'number', value: filled.numberOf(place) }))?.number, place),
    },
    {
      what: 'look-up by mobile',
      targetP99Ms: 10,
      count: 2_000,
      service: (place) => lookUp({ $case: 'mobile', value: mobileOf(place) }, place),
      bare: async (place) => {
        const value = code.vault.blindIndex('mobile', mobileOf(place));
        same((await code.findMember(db, { by: 'mobile_index', value }))?.number, place);
      },
    },
    {
      what: 'search by the beginning of a name, first page',
      targetP99Ms: 50,
      count: 400,
      service: async (place) => {
        const sought = {
          namePrefix: beginning(place),
          homeStoreId: '',
          tag: '',
          tier: '',
          page: { limit: PAGE, cursor: '' },
        };
        found((await directory.searchMembers(sought, await options())).members.length, place);
      },
      bare: async (place) => {
        const sought = { slot: 0, nameIndexes: [code.vault.nameIndex(beginning(place))] };
        const memberIds = await code.search(db, sought, { limit: PAGE });
        found((await code.findMembers(db, memberIds.slice(0, PAGE))).length, place);
      },
    },
  ];
}

/** A family name and the character after it. */
function beginning(place: number): string {
  return nameOf(place).slice(0, 2);
}

/** Both in turn, after a round of each that does not count. */
async function ask(question: Question, members: number): Promise<Asked> {
  const { what, targetP99Ms, count } = question;
  const took: Record<'service' | 'bare', { ms: number[]; seconds: number }> = {
    service: { ms: [], seconds: 0 },
    bare: { ms: [], seconds: 0 },
  };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const side of ['service', 'bare'] as const) {
      const began = performance.now();
      const places = Array.from({ length: count }, (_, n) => ((round * count + n) * STRIDE) % members);
      const ms = await timesOf(places, question[side]);
      if (round === 0) continue;
      took[side].ms.push(...ms);
      took[side].seconds += (performance.now() - began) / 1_000;
    }
  }
  const [service, bare] = [summary(took.service), summary(took.bare)];
  return { what, service, bare, ratio: service.p99Ms / bare.p99Ms, targetP99Ms, isMet: service.p99Ms <= targetP99Ms };
}

/** Milliseconds of each question; as many are under way as there are callers. */
async function timesOf(places: readonly number[], one: (place: number) => Promise<void>): Promise<number[]> {
  const ms: number[] = [];
  const waiting = places.values();
  const caller = async () => {
    for (const place of waiting) {
      const began = performance.now();
      await one(place);
      ms.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return ms;
}

function summary({ ms, seconds }: { ms: number[]; seconds: number }): Times {
  const sorted = ms.sort((a, b) => a - b);
  const percentile = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  return { perSecond: ms.length / seconds, p50Ms: percentile(0.5), p99Ms: percentile(0.99) };
}

/** The same for reading. */
export function membersText({ members, callers, filledPerSecond, asked }: MembersMeasured): string {
  const lines = asked.map(({ what, service, bare, ratio, targetP99Ms, isMet }) =>
    [
      what.padEnd(46),
      told(service).padEnd(38),
      told(bare).padEnd(38),
      ratio.toFixed(1).padStart(5),
      `   p99 ≤ ${targetP99Ms} ms: ${isMet ? 'met' : 'MISSED'}`,
    ].join(' '),
  );
  return [
    `\n${members} members, ${callers} callers at once; members over gRPC beside its own queries by node-postgres alone`,
    `${''.padEnd(46)} ${'members'.padEnd(38)} ${'bare'.padEnd(38)} p99 ratio`,
    ...lines,
    `filled with ${Math.round(filledPerSecond)} members/s, sealed and indexed by the service's functions; not its import`,
  ].join('\n');
}

function told({ p50Ms, p99Ms, perSecond }: Times): string {
  return `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, ${Math.round(perSecond)}/s`;
}
