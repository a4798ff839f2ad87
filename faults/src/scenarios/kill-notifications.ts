import type { SunkMessage } from '@regulars/tools';
import type { Session } from '../postgres-proxy.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { killAtCommit } from './commits.js';

const ROUNDS = 2;

export const killNotifications: Scenario = {
  name: 'kill-notifications',
  proves:
    'a consumer killed before its COMMIT, and a sender killed after the provider took the mail, leave one message per cause',
  postgresProxyFor: 'notifications',
  mailProxy: true,
  play: async (stage) => {
    // The sink keeps a thousand mails: fewer purchases than that, so that all can be counted, and slowly enough that some are
    // left when a busy machine has started notifications again.
    const load = stage.load({ tills: 6, pauseMs: 800, most: 700, asksAgain: 0 });
    for (let round = 0; round < ROUNDS; round++) {
      await load.goesOnFor(stage.random.whole(20, 50));
      await killBeforeCommit(stage);
      await load.goesOnFor(stage.random.whole(20, 50));
      await killAfterYes(stage);
    }
    await load.goesOnFor(20);
    await load.stop();
    await everyMessageIsSent(stage);
    await mailsTellTheirRepetition(stage);
  },
};

/** The group takes its time to miss a consumer that was killed the round before. */
const WITHIN_MS = 60_000;

async function killBeforeCommit(stage: Stage): Promise<void> {
  const notifications = stage.platform.service('notifications');
  const what = 'kill -9 notifications before the COMMIT of its consumer';
  await killAtCommit(stage, { at: 'sent', of: writesMessages, what }, () => notifications.kill(), WITHIN_MS);
  await notifications.start();
  await notifications.ready();
}

function writesMessages({ statements }: Session): boolean {
  return statements.some((text) => /insert into\s+message\b/i.test(text));
}

async function killAfterYes(stage: Stage): Promise<void> {
  const { mailProxy, history, platform } = stage;
  const notifications = platform.service('notifications');
  let killed: Promise<void> | undefined;
  mailProxy.onTaken = () => {
    if (killed || history.inFlight === 0) return true;
    stage.strike('kill -9 notifications after the mail server has said yes');
    // Killed in the same moment: what it would do about a lost connection is another story.
    killed = notifications.kill();
    return false;
  };
  await stage.until('a mail being taken', () => killed !== undefined, WITHIN_MS);
  await killed;
  mailProxy.onTaken = undefined;
  await notifications.start();
  await notifications.ready();
}

async function everyMessageIsSent(stage: Stage): Promise<void> {
  await stage.until(
    'every message being sent',
    async () => {
      const [row] = await stage.query<{ waiting: number }>(
        `select count(*)::integer as waiting from notifications.message where state = 'WAITING'`,
      );
      return row?.waiting === 0;
    },
    60_000,
  );
}

/** A mail that came twice came under the same Message-ID, and its message knows that it may have. */
async function mailsTellTheirRepetition(stage: Stage): Promise<void> {
  const mails = (await (await fetch(`${stage.platform.sink.url}/messages.json`)).json()) as SunkMessage[];
  const [row] = await stage.query<{ sent: number; doubtful: number }>(
    `select count(*) filter (where state = 'SENT')::integer as sent,
       count(*) filter (where possible_duplicate)::integer as doubtful from notifications.message`,
  );
  const distinct = new Set(mails.map(({ messageId }) => messageId)).size;
  const repeated = mails.length - distinct;
  const told = `${mails.length} mails, ${distinct} Message-IDs; ${row?.sent} messages sent, ${row?.doubtful} perhaps twice`;
  stage.say(told);
  stage.expect(distinct === row?.sent, 'one Message-ID for each message', told);
  stage.expect(repeated <= (row?.doubtful ?? 0), 'a mail that may have been sent twice is known', told);
}
