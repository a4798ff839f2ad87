import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../history.js';
import { keptConnections } from '../http.js';
import { post } from '../load.js';
import type { Posting } from '../purchases.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const ROUNDS = 3;
const BATCH = 256;
const PATIENCE_MS = 15_000;

/** Long enough for a full batch to gather, short enough for every till's patience. */
const GATHER_MS = 700;

/** A till that is told to try again does so, and is told so again while the platform is busy. */
const TRIES_AGAIN = 10;
const BEFORE_AGAIN_MS = 300;

export const poisonItem: Scenario = {
  name: 'poison-item',
  proves: 'an item that makes its transaction fail is found in a full batch, and all others of the batch are credited',
  // One lane gathers what two gateways send; a gateway alone would refuse some rather than let them wait so long.
  replicas: { gateway: 2 },
  env: { loyalty: { LANES: '1' } },
  play: async (stage) => {
    await poisonReceipts(stage);
    const load = stage.load({ tills: 4, pauseMs: 20 });
    await load.goesOnFor(100);
    const agent = keptConnections(BATCH);
    for (let round = 0; round < ROUNDS; round++) await postFullBatch(stage, agent);
    agent.destroy();
    await load.stop();
  },
};

/** The database itself refuses one receipt: what a row looks like that no check before it has foreseen. */
async function poisonReceipts(stage: Stage): Promise<void> {
  await stage.query(`create function loyalty.refuse_poison() returns trigger language plpgsql as $$
    begin
      raise exception 'poison' using errcode = '22023';
    end $$`);
  await stage.query(`create trigger poison before insert on loyalty.purchase for each row
    when (new.receipt_number like '%POISON') execute function loyalty.refuse_poison()`);
}

async function postFullBatch(stage: Stage, agent: Agent): Promise<void> {
  const { history, random, platform, counter } = stage;
  const poisoned = random.whole(0, BATCH - 1);
  const postings = Array.from({ length: BATCH }, (_, place) =>
    counter.purchase(random.pick(stage.guests).memberId, { isPoison: place === poisoned }),
  );
  const send = (posting: Posting, place: number) => {
    return post(agent, platform.gatewayUrls[place % 2] as string, history, posting, PATIENCE_MS);
  };
  const gathering = await stage.connect();
  await gathering.query('begin');
  await gathering.query('lock table loyalty.idempotency in access exclusive mode');
  const posted = postings.map(send);
  await sleep(GATHER_MS);
  stage.strike('a poison item in a full batch');
  await gathering.query('rollback');
  await gathering.end();
  const settled = await Promise.all(
    posted.map(async (first, place) => {
      let outcome = await first;
      for (let again = 0; again < TRIES_AGAIN && !isSettled(outcome); again++) {
        await sleep(BEFORE_AGAIN_MS);
        outcome = await send(postings[place] as Posting, place);
      }
      return outcome;
    }),
  );
  const others = settled.filter((_, place) => place !== poisoned).map(({ kind }) => kind);
  const notCredited = others.filter((kind) => kind !== 'credited');
  stage.expect(notCredited.length === 0, 'all others of the batch are credited', `not so: ${notCredited.join(', ')}`);
  const answer = settled[poisoned];
  stage.expect(answer?.kind === 'wrong', 'the poison item is told that it failed', answer?.kind ?? 'nothing');
}

function isSettled({ kind }: Outcome): boolean {
  return kind !== 'retry' && kind !== 'lost';
}
