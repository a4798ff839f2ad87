import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Outbox } from '@regulars/messaging';
import { PrincipalSigner } from '@regulars/service';
import { MembersServer, privateKeyOf, TestClock, type TestDatabase, testDatabase } from '@regulars/testing';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { migrations } from '../../migrations/index.js';
import { Mailbox } from '../../test/mailbox.js';
import type { NotificationsSettings } from '../notifications.config.js';
import { RecipientsStore } from '../recipients/recipients.store.js';
import { StoresService } from '../stores/stores.service.js';
import { StoresStore } from '../stores/stores.store.js';
import { MailClient, mailConnections } from './mail.client.js';
import { MembersClient } from './members.client.js';
import { type Cause, type ListedMessage, MessagesService } from './messages.service.js';
import { MessagesStore } from './messages.store.js';

Logger.overrideLogger(false);

const bund = uuidv7();
const hourMs = 3_600_000;

describe('Sending what is due', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let mailbox: Mailbox;
  let members: MembersServer;
  let clients: { mail: MailClient; members: MembersClient };
  let clock: TestClock;
  let messages: MessagesService;

  /** Another process of the service: nothing is common but the database. */
  const replica = () =>
    new MessagesService(
      dataSource,
      new MessagesStore(),
      new StoresService(new StoresStore()),
      clients.members,
      clients.mail,
      new Outbox(),
      clock,
    );
  const hear = (...causes: Cause[]) => dataSource.transaction((tx) => messages.hear(tx, causes));
  const earned = (memberId: string, change: Partial<Cause> = {}): Cause => ({
    causeId: uuidv7(),
    memberId,
    template: 'points-earned',
    storeId: bund,
    variables: { points: 12, balance: 340 },
    occurredAt: clock.now(),
    ...change,
  });
  const only = async (memberId: string): Promise<ListedMessage> => {
    const list = await messages.list(memberId, { limit: 10, after: undefined });
    expect(list.messages).toHaveLength(1);
    return list.messages[0]!;
  };
  const events = (memberId: string) =>
    dataSource.query<{ type: string; payload: Record<string, unknown> }[]>(
      'SELECT type, payload FROM outbox WHERE aggregateid = $1 ORDER BY ord',
      [memberId],
    );

  beforeAll(async () => {
    database = await testDatabase('notifications');
    dataSource = new DataSource({ type: 'postgres', url: database.url, migrations: [...migrations] });
    await dataSource.initialize();
    await dataSource.runMigrations();
    await new StoresStore().keep(dataSource.manager, [
      { storeId: bund, version: 1, timeZone: 'Asia/Shanghai', nameZh: '外滩店', nameEn: 'The Bund' },
    ]);
    [mailbox, members] = await Promise.all([Mailbox.open(), MembersServer.open()]);
    const settings = {
      SMTP_URL: mailbox.url,
      MAIL_FROM: 'Regulars <no-reply@regulars.example>',
      MEMBERS_ADDR: members.address,
    } as NotificationsSettings;
    const signer = await PrincipalSigner.fromJwk(privateKeyOf('notifications'));
    clients = { mail: new MailClient(settings), members: new MembersClient(settings, signer) };
  });
  afterAll(async () => {
    clients.mail.onApplicationShutdown();
    clients.members.onApplicationShutdown();
    members.close();
    await Promise.all([mailbox.close(), dataSource.destroy()]);
    await database.drop();
  });
  beforeEach(async () => {
    await dataSource.query('DELETE FROM message');
    clock = new TestClock('2026-05-04T12:00:00Z');
    messages = replica();
    mailbox.taken.length = 0;
    mailbox.onMessage = async () => undefined;
    mailbox.onRecipient = () => undefined;
    members.isOut = false;
    members.asked.length = 0;
  });

  it('[N1] sends an e-mail to the address that members tells at that moment, in the member’s language', async () => {
    const ann = members.add(uuidv7(), { name: 'Ann', language: 'en' });
    await hear(earned(ann.memberId));
    members.add(ann.memberId, { name: 'Ann', language: 'en', email: 'new@example.com' });
    expect(await messages.sendDue()).toEqual([{ template: 'points-earned', state: 'SENT', possibleDuplicate: false }]);
    const [email] = mailbox.to('new@example.com');
    expect(email).toMatchObject({
      subject: 'You earned 12 points',
      from: { name: 'Regulars', address: 'no-reply@regulars.example' },
      text: expect.stringContaining('Dear Ann'),
      html: expect.stringContaining('The Bund'),
    });
    expect(email?.headers).toContainEqual(expect.objectContaining({ key: 'content-language', value: 'en' }));
    const told = await only(ann.memberId);
    expect(told).toMatchObject({ state: 'SENT', language: 'en', attempts: 1, possibleDuplicate: false });
    expect(email?.messageId).toBe(`<${told.messageId}@regulars.example>`);
    expect(await events(ann.memberId)).toEqual([
      {
        type: 'regulars.notifications.v1.MessageSent',
        payload: expect.objectContaining({
          messageId: told.messageId,
          causeId: told.causeId,
          sentAt: '2026-05-04T12:00:00.000Z',
        }),
      },
    ]);
  });

  it('[M6] asks members once per template, as itself and for a purpose', async () => {
    const people = [members.add(uuidv7()), members.add(uuidv7())];
    const back = { template: 'points-taken-back', variables: { points: 1, owed: 0, balance: 0 } } as const;
    await hear(
      ...people.map(({ memberId }) => earned(memberId)),
      ...people.map(({ memberId }) => ({ causeId: uuidv7(), memberId, occurredAt: clock.now(), ...back })),
    );
    await messages.sendDue();
    const purposes = members.asked.map(({ by, purpose, memberIds }) => [by, purpose, memberIds.length]);
    expect(purposes.sort()).toEqual([
      ['notifications', 'message:points-earned', 2],
      ['notifications', 'message:points-taken-back', 2],
    ]);
  });

  it('[N6] writes one message per cause, recipient and template, however often it is heard', async () => {
    const { memberId } = members.add(uuidv7());
    const cause = earned(memberId);
    await hear(cause, cause);
    await messages.sendDue();
    await hear(cause);
    expect(await messages.sendDue()).toEqual([]);
    expect(mailbox.taken).toHaveLength(1);
    expect(await only(memberId)).toMatchObject({ state: 'SENT' });
  });

  it('[N6] sends each message once where four processes look at the same time', async () => {
    const people = Array.from({ length: 180 }, () => members.add(uuidv7()));
    await hear(...people.map(({ memberId }) => earned(memberId)));
    const processes = Array.from({ length: 4 }, replica);
    for (let round = 0; round < 2; round += 1) await Promise.all(processes.map((one) => one.sendDue()));
    expect(mailbox.taken).toHaveLength(180);
    expect(new Set(mailbox.taken.map(({ messageId }) => messageId)).size).toBe(180);
    for (const { memberId } of people.slice(0, 3)) expect(await events(memberId)).toHaveLength(1);
  });

  it.each([
    [
      'NO_ADDRESS',
      'whose member has no e-mail',
      () => members.add(uuidv7(), { email: '', mobile: '+8613800138000' }).memberId,
    ],
    ['MEMBER_UNKNOWN', 'whose member is gone', () => uuidv7()],
  ])('[N6] does not send, and says %s for, a message %s', async (reason, _who, member) => {
    const memberId = member();
    await hear(earned(memberId));
    await messages.sendDue();
    expect(await only(memberId)).toMatchObject({ state: 'SUPPRESSED', reason });
    const told = { type: 'regulars.notifications.v1.MessageNotSent', payload: expect.objectContaining({ reason }) };
    expect(await events(memberId)).toEqual(reason === 'NO_ADDRESS' ? [] : [told]);
    clock.advance(24 * hourMs);
    expect(await messages.sendDue()).toEqual([]);
  });

  it('[M5] [M6] sends what either of two merged members is owed only, and nothing to a survivor without an address', async () => {
    const [ann, bea, cat, restricted] = [members.add(uuidv7()), uuidv7(), members.add(uuidv7()), uuidv7()];
    const dot = uuidv7();
    for (const [survivorId, mergedId] of [
      [ann.memberId, restricted],
      [bea, cat.memberId],
      [restricted, dot],
    ]) {
      await dataSource.query('INSERT INTO heard_merge VALUES ($1, $2, $3, false)', [uuidv7(), survivorId, mergedId]);
    }
    await dataSource.query('INSERT INTO restricted_member VALUES ($1, now(), now())', [restricted]);
    await new RecipientsStore().keep(dataSource.manager, [{ memberId: bea, hasEmail: false }]);
    const owed = { template: 'points-taken-back', variables: { points: 3, owed: 0, balance: 1 } } as const;
    await hear(earned(ann.memberId), earned(dot), earned(cat.memberId), earned(dot, owed));
    await messages.sendDue();
    const reasons = await dataSource.query<{ template: string; state: string; reason: string | null }[]>(
      'SELECT template, state, reason FROM message ORDER BY template, reason',
    );
    expect(reasons).toEqual([
      { template: 'points-earned', state: 'SUPPRESSED', reason: 'NO_ADDRESS' },
      { template: 'points-earned', state: 'SUPPRESSED', reason: 'RESTRICTED' },
      { template: 'points-earned', state: 'SUPPRESSED', reason: 'RESTRICTED' },
      { template: 'points-taken-back', state: 'SENT', reason: null },
    ]);
    expect([mailbox.taken.length, mailbox.to(ann.email).length]).toEqual([1, 1]);
  });

  it('[N6] asks for no address where registration told that there is none, and says so once', async () => {
    const { memberId } = members.add(uuidv7());
    await new RecipientsStore().keep(dataSource.manager, [{ memberId, hasEmail: false }]);
    const cause = earned(memberId);
    await hear(cause);
    await hear(cause);
    expect(await only(memberId)).toMatchObject({ state: 'SUPPRESSED', reason: 'NO_ADDRESS' });
    expect(await events(memberId)).toEqual([]);
    expect(await messages.sendDue()).toEqual([]);
    expect(members.asked.flatMap(({ memberIds }) => memberIds)).not.toContain(memberId);
  });

  it('[N6] gives up on an address that the provider refuses', async () => {
    const { memberId } = members.add(uuidv7());
    mailbox.onRecipient = () => ({ responseCode: 550, message: 'no such user' });
    await hear(earned(memberId));
    await messages.sendDue();
    expect(await only(memberId)).toMatchObject({ state: 'FAILED', reason: 'ADDRESS_REFUSED', attempts: 1 });
    expect(await events(memberId)).toMatchObject([{ payload: { reason: 'ADDRESS_REFUSED' } }]);
  });

  it('[N6] tries again later what the provider put off, not before, and then sends it', async () => {
    const { memberId, email } = members.add(uuidv7());
    let puttingOff = true;
    mailbox.onMessage = async () => (puttingOff ? { responseCode: 451, message: 'later' } : undefined);
    await hear(earned(memberId));
    await messages.sendDue();
    expect(await only(memberId)).toMatchObject({ state: 'WAITING', attempts: 1 });
    expect(await events(memberId)).toEqual([]);
    puttingOff = false;
    clock.advance(2_000);
    expect(await messages.sendDue()).toEqual([]);
    clock.advance(6_000);
    expect(await messages.sendDue()).toMatchObject([{ state: 'SENT', possibleDuplicate: false }]);
    expect(mailbox.to(email)).toHaveLength(1);
  });

  it.each(['members are out', 'the store has not been told yet'])('[N6] waits while %s', async (what) => {
    const { memberId } = members.add(uuidv7());
    members.isOut = what === 'members are out';
    await hear(earned(memberId, members.isOut ? {} : { storeId: uuidv7() }));
    await messages.sendDue();
    expect(await only(memberId)).toMatchObject({ state: 'WAITING' });
    expect(mailbox.taken).toEqual([]);
  });

  it('[N6] gives up when a message is no longer worth sending', async () => {
    const { memberId } = members.add(uuidv7());
    members.isOut = true;
    await hear(earned(memberId));
    for (let hours = 0; hours < 73; hours += 1) {
      await messages.sendDue();
      clock.advance(hourMs);
    }
    expect(await only(memberId)).toMatchObject({ state: 'FAILED', reason: 'EXPIRED' });
    expect(await events(memberId)).toHaveLength(1);
  });

  it('[N6] neither sends nor asks anybody about what was old when it was heard', async () => {
    const { memberId } = members.add(uuidv7());
    await hear(earned(memberId, { occurredAt: new Date('2026-04-01T12:00:00Z') }));
    await messages.sendDue();
    expect(await only(memberId)).toMatchObject({ state: 'FAILED', reason: 'EXPIRED' });
    expect([mailbox.taken, members.asked]).toEqual([[], []]);
  });

  it('[N6] sends again under the same Message-ID, and counts it, what a process began to send and was never heard of', async () => {
    const { memberId } = members.add(uuidv7());
    await hear(earned(memberId));
    const lost = new MessagesStore();
    const lease = { token: uuidv7(), now: clock.now(), until: new Date(clock.now().getTime() + 60_000), most: 50 };
    const [claimed] = await lost.claim(dataSource.manager, lease, ['points-earned']);
    await lost.beginSending(dataSource.manager, lease.token, [claimed!.messageId], clock.now());
    expect(await messages.sendDue()).toEqual([]);
    clock.advance(60_000);
    expect(await messages.sendDue()).toMatchObject([{ state: 'SENT', possibleDuplicate: true }]);
    expect(await only(memberId)).toMatchObject({ possibleDuplicate: true, attempts: 2 });
    expect(mailbox.taken.map(({ messageId }) => messageId)).toEqual([`<${claimed!.messageId}@regulars.example>`]);
  });

  it('[N6] does not count what a process had leased and not begun to send', async () => {
    const { memberId } = members.add(uuidv7());
    await hear(earned(memberId));
    const lease = { token: uuidv7(), now: clock.now(), until: new Date(clock.now().getTime() + 60_000), most: 50 };
    await new MessagesStore().claim(dataSource.manager, lease, ['points-earned']);
    clock.advance(60_000);
    expect(await messages.sendDue()).toMatchObject([{ state: 'SENT', possibleDuplicate: false }]);
  });

  it('[N6] marks as begun no more than are under way, so that a crash leaves few in doubt', async () => {
    const people = Array.from({ length: 3 * mailConnections }, () => members.add(uuidv7()));
    await hear(...people.map(({ memberId }) => earned(memberId)));
    const inDoubt: number[] = [];
    mailbox.onMessage = async () => {
      const [row] = await dataSource.query<{ count: string }[]>(
        'SELECT count(*) FROM message WHERE sending_since IS NOT NULL AND member_id = ANY ($1::uuid[])',
        [people.map(({ memberId }) => memberId)],
      );
      inDoubt.push(Number(row?.count));
      return undefined;
    };
    expect(await messages.sendDue()).toHaveLength(people.length);
    expect(inDoubt[0]).toBe(mailConnections);
    expect(mailbox.taken).toHaveLength(people.length);
  });

  it('[N6] writes nothing for a message whose lease went to another process meanwhile', async () => {
    const { memberId } = members.add(uuidv7());
    await hear(earned(memberId));
    mailbox.onMessage = async () => {
      await dataSource.query('UPDATE message SET lease_token = $1', [uuidv7()]);
      return undefined;
    };
    expect(await messages.sendDue()).toEqual([]);
    expect(await only(memberId)).toMatchObject({ state: 'WAITING' });
    expect(await events(memberId)).toEqual([]);
  });

  it('[N6] counts it as a possible duplicate where the line was cut before the provider answered', async () => {
    const { memberId } = members.add(uuidv7());
    await hear(earned(memberId));
    mailbox.onMessage = async () => {
      mailbox.cut();
      return undefined;
    };
    expect(await messages.sendDue()).toMatchObject([{ state: 'WAITING' }]);
    mailbox.onMessage = async () => undefined;
    clock.advance(10_000);
    expect(await messages.sendDue()).toMatchObject([{ state: 'SENT', possibleDuplicate: true }]);
    expect(new Set(mailbox.taken.map(({ messageId }) => messageId)).size).toBe(1);
  });

  it('[O1] leaves templates that only a newer version knows to that version', async () => {
    const { memberId } = members.add(uuidv7());
    await hear(earned(memberId));
    await dataSource.query(`UPDATE message SET template = 'tier-changed'`);
    expect(await messages.sendDue()).toEqual([]);
    expect(await only(memberId)).toMatchObject({ state: 'WAITING', attempts: 0 });
  });

  it('[M6] keeps no personal data in its rows', async () => {
    const { memberId, email } = members.add(uuidv7(), { name: '王小明' });
    await hear(earned(memberId));
    await messages.sendDue();
    expect(mailbox.to(email)).toHaveLength(1);
    const rows = await dataSource.query<{ row: string }[]>(
      'SELECT m::text AS row FROM message m UNION ALL SELECT o::text FROM outbox o WHERE aggregateid = $1',
      [memberId],
    );
    expect(rows).toHaveLength(2);
    for (const { row } of rows) expect(row).not.toMatch(/王小明|example\.com/);
  });
});
