import { setTimeout as sleep } from 'node:timers/promises';
import { keptConnections } from '../http.js';
import { post } from '../load.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const ROUNDS = 3;
const BATCH = 256;

/** Long enough for a full batch to gather, short enough for every till's patience. */
const GATHER_MS = 700;

export const poisonItem: Scenario = {
  name: 'poison-item',
  proves: 'an item that makes its transaction fail is found in a full batch, and all others of the batch are credited',
  env: { loyalty: { LANES: '1' } },
  play: async (stage) => {
    await poisonReceipts(stage);
    const agent = keptConnections(BATCH + 1);
    for (let round = 0; round < ROUNDS; round++) await postFullBatch(stage, agent);
    agent.destroy();
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

async function postFullBatch(stage: Stage, agent: ReturnType<typeof keptConnections>): Promise<void> {
  const { history, random, platform } = stage;
  const url = platform.gateway.url;
  const gathering = await stage.connect();
  await gathering.query('begin');
  await gathering.query('lock table loyalty.idempotency in access exclusive mode');
  const poisoned = random.whole(0, BATCH - 1);
  const posted = Array.from({ length: BATCH }, (_, place) => {
    const purchase = stage.counter.purchase(random.pick(stage.guests).memberId, { isPoison: place === poisoned });
    return post(agent, url, history, purchase, 10_000);
  });
  await sleep(GATHER_MS);
  stage.strike('a poison item in a full batch');
  await gathering.query('rollback');
  await gathering.end();
  const outcomes = await Promise.all(posted);
  const credited = outcomes.filter(({ kind }) => kind === 'credited').length;
  stage.expect(credited === BATCH - 1, 'all others of the batch are credited', `${credited} of ${BATCH - 1}`);
  const answer = outcomes[poisoned];
  stage.expect(answer?.kind === 'wrong', 'the poison item alone is told that it failed', answer?.kind ?? 'nothing');
}
