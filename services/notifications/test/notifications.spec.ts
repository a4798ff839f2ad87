import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CaseType, IntakeChannel, Severity } from '@regulars/contracts/complaints/v1/cases';
import { CaseOpened } from '@regulars/contracts/complaints/v1/cases_events';
import { PointsEarned, PointsTakenBackForRefund } from '@regulars/contracts/loyalty/v1/points_events';
import { MessageServiceService, MessageState } from '@regulars/contracts/notifications/v1/messages';
import { MessageNotSent, MessageSent } from '@regulars/contracts/notifications/v1/messages_events';
import { type RpcClient, RpcFailure, rpcClient } from '@regulars/service';
import {
  eventually,
  MembersServer,
  publish,
  type RunningService,
  readTopic,
  signedPrincipal,
  startService,
  type TestDatabase,
  type TestTopics,
  testDatabase,
  testTopics,
} from '@regulars/testing';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { Mailbox } from './mailbox.js';

const bund = uuidv7();
const traceparent = '00-33333333333333333333333333333333-4444444444444444-01';

describe('The notifications service', () => {
  let mailbox: Mailbox;
  let members: MembersServer;
  let running: RunningService;
  let rpc: RpcClient<typeof MessageServiceService>;
  let testbed: TestDatabase;
  let topics: TestTopics;
  let database: pg.Pool;

  /** The first process, or another on the same database and topics. */
  const start = async () => {
    running = await startService('notifications', {
      DATABASE_URL: testbed.url,
      MIGRATE_ON_START: 'true',
      TOPIC_PREFIX: topics.prefix,
      SMTP_URL: mailbox.url,
      MAIL_FROM: 'Regulars <no-reply@regulars.example>',
      MEMBERS_ADDR: members.address,
    });
    rpc = rpcClient(MessageServiceService, running.grpcAddress);
  };
  const topic = (name: string) => `${topics.prefix}regulars.${name}.v1`;
  const list = async (memberId: string, cursor = '', limit = 0) =>
    rpc.listMessages(
      { memberId, page: { limit, cursor } },
      {
        principal: await signedPrincipal({ sub: 'agent-1', kind: 'person', roles: ['agent'] }),
        deadline: Date.now() + 60_000,
      },
    );
  const ended = (memberId: string, state: MessageState, howMany = 1) =>
    eventually(async () => {
      const { messages } = await list(memberId);
      expect(messages.map((message) => message.state)).toEqual(Array.from({ length: howMany }, () => state));
      return messages;
    });

  beforeAll(async () => {
    topics = testTopics();
    [mailbox, members, testbed] = await Promise.all([
      Mailbox.open(),
      MembersServer.open(),
      testDatabase('notifications'),
    ]);
    database = new pg.Pool({ connectionString: testbed.url });
    await start();
    await publish(topic('stores.store'), [storeOpened()]);
  });
  afterAll(async () => {
    rpc.close();
    await running.stop();
    members.close();
    await Promise.all([mailbox.close(), database.end()]);
    await Promise.all([testbed.drop(), topics.drop()]);
  });

  it('[N2] tells a member of points earned, in the member’s language', async () => {
    const zh = members.add(uuidv7());
    const en = members.add(uuidv7(), { name: 'Ann', language: 'en' });
    await publish(topic('loyalty.points'), [pointsEarned(zh.memberId, 1_280), pointsEarned(en.memberId, 12)]);
    await ended(zh.memberId, MessageState.SENT);
    await ended(en.memberId, MessageState.SENT);
    expect(mailbox.to(zh.email)).toMatchObject([
      { subject: '您获得了 1,280 积分', text: expect.stringContaining('外滩店') },
    ]);
    expect(mailbox.to(en.email)).toMatchObject([{ subject: 'You earned 12 points' }]);
  });

  it('[N2] writes nothing about a purchase that earned no points', async () => {
    const { memberId } = members.add(uuidv7());
    await publish(topic('loyalty.points'), [pointsEarned(memberId, 0), pointsEarned(memberId, 5)]);
    expect(await ended(memberId, MessageState.SENT)).toHaveLength(1);
  });

  it('[L6] tells a member of points taken back after a refund', async () => {
    const { memberId, email } = members.add(uuidv7());
    await publish(topic('loyalty.points'), [pointsTakenBack(memberId)]);
    await ended(memberId, MessageState.SENT);
    expect(mailbox.to(email)).toMatchObject([
      { subject: '退款扣回 30 积分', text: expect.stringContaining('记为欠分 10') },
    ]);
  });

  it('[C4] acknowledges a new case with its number and the promised time, on the clock of the store', async () => {
    const { memberId, email } = members.add(uuidv7());
    await publish(topic('complaints.case'), [caseOpened(''), caseOpened(memberId)]);
    await ended(memberId, MessageState.SENT);
    expect(mailbox.to(email)).toMatchObject([
      {
        subject: '我们已收到您的反馈（编号 1000017）',
        text: expect.stringContaining(`在 ${promisedText} 前给您答复`),
      },
    ]);
  });

  it('[M3] asks a member to confirm what is written down about her', async () => {
    const { memberId, email } = members.add(uuidv7());
    const payload = { memberId, askedAt: new Date().toISOString() };
    await publish(topic('members.member'), [
      { type: 'regulars.members.v1.MemberConfirmationAsked', key: memberId, payload },
    ]);
    await ended(memberId, MessageState.SENT);
    expect(mailbox.to(email)).toMatchObject([{ subject: '请确认您的会员资料' }]);
  });

  it('[M6] sends what is owed and nothing else while a member’s data is restricted, and all again afterwards', async () => {
    const { memberId, email } = members.add(uuidv7());
    const order = async (restricted: boolean, secondsAgo: number) => {
      const requestId = uuidv7();
      const payload = {
        requestId,
        memberId,
        restricted,
        orderedAt: new Date(Date.now() - secondsAgo * 1_000).toISOString(),
      };
      await publish(topic('members.restriction'), [
        { type: 'regulars.members.v1.MemberRestrictionOrdered', key: memberId, payload },
      ]);
      return eventually(async () => {
        const answers = await readTopic(topic('notifications.privacy'));
        const proof = answers.map(
          ({ value }) => JSON.parse(value ?? '{}') as { requestId?: string; restricted?: boolean },
        );
        return proof.find((each) => each.requestId === requestId) ?? false;
      });
    };
    expect(await order(true, 2)).toMatchObject({ service: 'notifications', restricted: true });
    await publish(topic('loyalty.points'), [pointsEarned(memberId, 3), pointsTakenBack(memberId)]);
    const told = await eventually(async () => {
      const { messages } = await list(memberId);
      const isOver = messages.length === 2 && messages.every(({ state }) => state !== MessageState.WAITING);
      return isOver && messages;
    });
    expect(told.find(({ template }) => template === 'points-earned')).toMatchObject({ reason: 'RESTRICTED' });
    expect(mailbox.to(email)).toMatchObject([{ subject: '退款扣回 30 积分' }]);
    await order(false, 1);
    // An older order that is heard late changes nothing.
    await order(true, 3);
    await publish(topic('loyalty.points'), [pointsEarned(memberId, 4)]);
    await eventually(() => expect(mailbox.to(email)).toHaveLength(2));
  });

  it('[M5] writes to the survivor, in her language, about whom was merged into her, until the merge is undone', async () => {
    const survivor = members.add(uuidv7(), { name: 'Ann', language: 'en' });
    const merged = members.add(uuidv7());
    const tell = (name: string) =>
      publish(
        topic('members.member'),
        [survivor, merged].map(({ memberId: key }) => ({
          type: `regulars.members.v1.${name}`,
          key,
          payload: { mergeId: survivor.memberId, survivorId: survivor.memberId, mergedId: merged.memberId },
        })),
      );
    await publish(topic('loyalty.points'), [pointsEarned(merged.memberId, 3)]);
    await ended(merged.memberId, MessageState.SENT);
    await tell('MembersMerged');
    await ended(survivor.memberId, MessageState.SENT);
    await publish(topic('loyalty.points'), [pointsEarned(merged.memberId, 4)]);
    await ended(survivor.memberId, MessageState.SENT, 2);
    expect(mailbox.to(survivor.email)).toMatchObject([{ subject: 'You earned 4 points' }]);
    await tell('MembersUnmerged');
    await eventually(async () => expect((await list(survivor.memberId)).messages).toEqual([]));
    await publish(topic('loyalty.points'), [pointsEarned(merged.memberId, 5)]);
    await ended(merged.memberId, MessageState.SENT, 3);
    expect(mailbox.to(merged.email)).toMatchObject([{ subject: '您获得了 3 积分' }, { subject: '您获得了 5 积分' }]);
  });

  it('[N6] sends one message for an event that is delivered three times', async () => {
    const { memberId, email } = members.add(uuidv7());
    const event = pointsEarned(memberId, 7);
    await publish(topic('loyalty.points'), [event, event]);
    await ended(memberId, MessageState.SENT);
    await publish(topic('loyalty.points'), [event, pointsEarned(memberId, 8)]);
    await ended(memberId, MessageState.SENT, 2);
    expect(mailbox.to(email)).toHaveLength(2);
  });

  it('[N6] announces what was sent and what was not, under the member’s key and without an address', async () => {
    const [reached, unreached] = [members.add(uuidv7()), { memberId: uuidv7() }];
    await publish(topic('loyalty.points'), [pointsEarned(reached.memberId, 3), pointsEarned(unreached.memberId, 3)]);
    const [sent] = await ended(reached.memberId, MessageState.SENT);
    const [notSent] = await ended(unreached.memberId, MessageState.SUPPRESSED);
    expect(notSent?.reason).toBe('MEMBER_UNKNOWN');
    const records = await eventually(async () => {
      const all = await readTopic(topic('notifications.message'));
      const mine = [reached, unreached].map(({ memberId }) => all.find(({ key }) => key === memberId));
      if (mine.includes(undefined)) throw new Error('the events are not there yet');
      return mine.map((record) => ({
        type: record?.headers.ce_type,
        payload: JSON.parse(record?.value ?? '') as object,
      }));
    });
    expect(records).toEqual([
      { type: 'regulars.notifications.v1.MessageSent', payload: MessageSent.toJSON(MessageSent.fromPartial(sent!)) },
      {
        type: 'regulars.notifications.v1.MessageNotSent',
        payload: MessageNotSent.toJSON(MessageNotSent.fromPartial(notSent!)),
      },
    ]);
  });

  it('[N6] lists a member’s messages page by page, newest first, and refuses a cursor of others', async () => {
    const { memberId } = members.add(uuidv7());
    await publish(
      topic('loyalty.points'),
      [1, 2, 3].map((points) => pointsEarned(memberId, points)),
    );
    const all = await ended(memberId, MessageState.SENT, 3);
    const page = await list(memberId, '', 2);
    const rest = await list(memberId, page.nextCursor, 2);
    expect([...page.messages, ...rest.messages]).toEqual(all);
    expect(rest.nextCursor).toBe('');
    await expect(list(memberId, 'nonsense')).rejects.toMatchObject({ problem: { code: 'MALFORMED' } });
    await expect(list('Wang')).rejects.toBeInstanceOf(RpcFailure);
  });

  it('[O2] tells how many messages were tried, and logs no address and no name', async () => {
    const { memberId } = members.add(uuidv7());
    mailbox.onRecipient = (address) =>
      address.startsWith(memberId) ? { responseCode: 550, message: `no ${address}` } : undefined;
    await publish(topic('loyalty.points'), [pointsEarned(memberId, 5)]);
    await ended(memberId, MessageState.FAILED);
    const metrics = await (await fetch(`${running.opsUrl}/metrics`)).text();
    expect(metrics).toMatch(/regulars_messages_tried_total\{.*template="points-earned".*state="FAILED".*\} 1/);
    await eventually(() => running.logs().some((line) => line.includes('the provider did not take a message')));
    expect(running.logs().join('\n')).not.toMatch(/@example\.com|王小明/);
  });

  it('[O1] finishes the message that is under way when it is asked to stop', async () => {
    const { memberId, email } = members.add(uuidv7());
    let arrived = false;
    mailbox.onMessage = async () => {
      arrived = true;
      await new Promise((resolve) => setTimeout(resolve, 500));
      return undefined;
    };
    await publish(topic('loyalty.points'), [pointsEarned(memberId, 55)]);
    await eventually(() => arrived);
    await running.stop();
    mailbox.onMessage = async () => undefined;
    await start();
    expect(await ended(memberId, MessageState.SENT)).toMatchObject([{ attempts: 1, possibleDuplicate: false }]);
    expect(mailbox.to(email)).toHaveLength(1);
  });

  // A process that is killed inside the transaction leaves neither row nor offset; the next one hears the event again.
  it('[N6] sends once what a consumer had heard when it was killed before its commit', async () => {
    const { memberId, email } = members.add(uuidv7());
    const event = pointsEarned(memberId, 21);
    const blocker = await database.connect();
    await blocker.query('BEGIN');
    await blocker.query(
      `INSERT INTO message (message_id, cause_id, member_id, template, channel, variables, state, created_at, due_at, expires_at)
       VALUES ($1, $2, $3, 'points-earned', 'email', '{}', 'WAITING', now(), now(), now())`,
      [uuidv7(), event.id, memberId],
    );
    await publish(topic('loyalty.points'), [event]);
    await eventually(() => isBlocked('%INSERT INTO message'));
    await running.kill();
    await blocker.query('ROLLBACK');
    blocker.release();
    expect((await database.query('SELECT 1 FROM message WHERE member_id = $1', [memberId])).rowCount).toBe(0);
    await start();
    await ended(memberId, MessageState.SENT);
    expect(mailbox.to(email)).toHaveLength(1);
  });

  // The provider has said yes and the outcome is on its way to the database when the process is killed.
  it('[N6] sends again under the same Message-ID, counted, what the provider had taken when the sender was killed', async () => {
    const { memberId, email } = members.add(uuidv7());
    const blocker = await database.connect();
    mailbox.onMessage = async (message) => {
      if (message.to?.[0]?.address !== email) return undefined;
      await blocker.query('BEGIN');
      await blocker.query('SELECT 1 FROM message WHERE member_id = $1 FOR UPDATE', [memberId]);
      return undefined;
    };
    await publish(topic('loyalty.points'), [pointsEarned(memberId, 34)]);
    await eventually(() => isBlocked('UPDATE message SET state'));
    await running.kill();
    mailbox.onMessage = async () => undefined;
    await blocker.query('ROLLBACK');
    // The lease runs out.
    await blocker.query('UPDATE message SET due_at = now() WHERE member_id = $1', [memberId]);
    blocker.release();
    await start();
    const [message] = await ended(memberId, MessageState.SENT);
    expect(message).toMatchObject({ attempts: 2, possibleDuplicate: true });
    expect(mailbox.to(email).map(({ messageId }) => messageId)).toEqual(
      [1, 2].map(() => `<${message?.messageId}@regulars.example>`),
    );
    const metrics = await (await fetch(`${running.opsUrl}/metrics`)).text();
    expect(metrics).toMatch(/regulars_messages_possible_duplicates_total\S* 1/);
  });

  async function isBlocked(statement: string): Promise<boolean> {
    const { rowCount } = await database.query(
      `SELECT 1 FROM pg_stat_activity WHERE usename = current_user AND wait_event_type = 'Lock' AND query LIKE $1`,
      [`${statement}%`],
    );
    return rowCount === 1;
  }
});

const respondBy = new Date(Date.now() + 3_600_000);
const promisedText = new Intl.DateTimeFormat('zh-CN', {
  dateStyle: 'long',
  timeStyle: 'short',
  timeZone: 'Asia/Shanghai',
}).format(respondBy);

function storeOpened() {
  const store = { storeId: bund, nameZh: '外滩店', nameEn: 'The Bund', timeZone: 'Asia/Shanghai' };
  return { type: 'regulars.stores.v1.StoreChanged', key: bund, payload: { store, version: '1' } };
}

function pointsEarned(memberId: string, points: number) {
  const payload = PointsEarned.toJSON(
    PointsEarned.fromPartial({
      entryId: uuidv7(),
      memberId,
      points,
      balanceAfter: points + 100,
      purchaseId: uuidv7(),
      receipt: { storeId: bund, tillId: uuidv7(), businessDate: '2026-05-04', receiptNumber: '17' },
      postedAt: new Date(),
    }),
  ) as object;
  return { id: uuidv7(), type: 'regulars.loyalty.v1.PointsEarned', key: memberId, payload, headers: { traceparent } };
}

function pointsTakenBack(memberId: string) {
  const payload = PointsTakenBackForRefund.toJSON(
    PointsTakenBackForRefund.fromPartial({ memberId, pointsTaken: 20, pointsOwed: 10, balanceAfter: 0 }),
  ) as object;
  return { id: uuidv7(), type: 'regulars.loyalty.v1.PointsTakenBackForRefund', key: memberId, payload };
}

function caseOpened(memberId: string) {
  const caseId = uuidv7();
  const payload = CaseOpened.toJSON(
    CaseOpened.fromPartial({
      caseId,
      number: '1000017',
      memberId,
      storeId: bund,
      type: CaseType.COMPLAINT,
      severity: Severity.NORMAL,
      channel: IntakeChannel.APP,
      receivedAt: new Date(),
      respondBy,
    }),
  ) as object;
  return { id: uuidv7(), type: 'regulars.complaints.v1.CaseOpened', key: caseId, payload };
}
