import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OpeningBalance, OpeningServiceService, OpeningState } from '@regulars/contracts/loyalty/v1/openings';
import { ProgrammeServiceService } from '@regulars/contracts/loyalty/v1/programmes';
import { rpcClient } from '@regulars/service';
import {
  eventually,
  publish,
  type RunningService,
  signedPrincipal,
  startService,
  type TestDatabase,
  testDatabase,
  testTopics,
} from '@regulars/testing';
import { aMember, memberEvent, theTerms } from './chain.js';

const ROWS = 4_000;

describe('An opening whose process is killed', () => {
  const topics = testTopics();
  const members = Array.from({ length: 5 }, aMember);
  let database: TestDatabase;
  let processes: RunningService[] = [];
  let principal: string;

  beforeAll(async () => {
    database = await testDatabase('loyalty');
    principal = await signedPrincipal({ sub: 'finance-wu', kind: 'person', roles: ['administrator'] });
    processes = [await start()];
    await publish(`${topics.prefix}regulars.members.member.v1`, members.map(memberEvent));
  });

  afterAll(async () => {
    await Promise.all(processes.map((process) => process.stop()));
    await topics.drop();
    await database.drop();
  });

  const start = () =>
    startService('loyalty', { DATABASE_URL: database.url, TOPIC_PREFIX: topics.prefix, MIGRATE_ON_START: 'true' });
  const call = () => ({ principal, deadline: new Date(Date.now() + 20_000) });

  async function aProgramme({ grpcAddress }: RunningService): Promise<string> {
    const programmes = rpcClient(ProgrammeServiceService, grpcAddress);
    const about = { code: 'K', nameZh: '灯笼会员', nameEn: 'Lantern Club', currency: 'CNY', brandIds: [randomUUID()] };
    const made = await programmes.createProgramme(about, call());
    const programmeId = made.programme?.programmeId ?? '';
    await programmes.draftVersion({ programmeId, terms: theTerms() }, call());
    await programmes.publishVersion({ programmeId, version: 1, effectiveFrom: '2020-01-01' }, call());
    programmes.close();
    return programmeId;
  }

  it('[L16] is booked to its end by another, each row once, and the sums match', async () => {
    const [first] = processes;
    if (!first) throw new Error('no process');
    const programmeId = await aProgramme(first);
    let openings = rpcClient(OpeningServiceService, first.grpcAddress);
    const expected = { rows: ROWS, points: ROWS * 3 };
    const begun = await openings.beginOpening(
      { idempotencyKey: randomUUID(), programmeId, source: 'old-club', dryRun: false, expected },
      call(),
    );
    const openingId = begun.opening?.openingId ?? '';
    const file = Array.from({ length: ROWS }, (_, index) => ({
      externalId: `C-${index}`,
      memberNumber: members[index % members.length]?.number,
      lots: [{ points: 3 }],
    }));
    const content = Buffer.from(file.map((row) => `${JSON.stringify(row)}\n`).join(''));
    await openings.addOpeningPart({ openingId, part: 0, content }, call());
    await openings.completeOpening({ openingId, parts: 1 }, call());
    await eventually(async () => {
      const { opening } = await openings.getOpening({ openingId }, call());
      return (opening?.file?.rows ?? 0) > 0;
    });
    await first.kill();
    openings.close();

    processes.push(await start());
    openings = rpcClient(OpeningServiceService, processes.at(-1)?.grpcAddress ?? '');
    const read = async () => (await openings.getOpening({ openingId }, call())).opening;
    // Who was killed holds the opening for half a minute; members may still have been on their way.
    await eventually(async () => (await read())?.balance === OpeningBalance.MATCHES, 150_000);
    const none = { rows: 0, points: 0 };
    expect(await read()).toMatchObject({
      state: OpeningState.DONE,
      file: expected,
      booked: expected,
      waiting: none,
      repeated: none,
      rejected: none,
      ledgerPoints: expected.points,
    });
    openings.close();
  });
});
