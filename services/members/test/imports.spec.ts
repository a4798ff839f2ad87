import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Import,
  ImportFormat,
  ImportState,
  MemberImportServiceService,
} from '@regulars/contracts/members/v1/imports';
import { type RpcClient, rpcClient } from '@regulars/service';
import { eventually, type PrincipalClaims, startService } from '@regulars/testing';
import { agent, as, bund, Desk, nobody, refusalOf } from './desk.js';

const administrator: PrincipalClaims = { sub: 'head-office', kind: 'person', roles: ['administrator'] };
const heading = 'externalId,name,mobile\n';

describe('Members from files', () => {
  let desk: Desk;
  let client: RpcClient<typeof MemberImportServiceService>;
  let mobile = 13_600_000_000;

  beforeAll(async () => {
    desk = await Desk.open();
    client = rpcClient(MemberImportServiceService, desk.service.grpcAddress);
  });

  afterAll(async () => {
    client.close();
    await desk.close();
  });

  const nextMobile = () => `${(mobile += 1)}`;

  async function begun(told: { dryRun?: boolean; source?: string } = {}): Promise<string> {
    const { import: started } = await client.beginImport(
      {
        idempotencyKey: randomUUID(),
        format: ImportFormat.CSV,
        dryRun: false,
        source: 'old-crm',
        benefitsVersion: '2026-05',
        privacyVersion: '2026-06',
        acceptedAt: new Date('2026-05-01T00:00:00Z'),
        language: 'zh-CN',
        ...told,
      },
      await as(administrator),
    );
    return started?.importId ?? '';
  }

  async function handedOver(importId: string, file: string | Buffer, partBytes = 100_000): Promise<void> {
    const bytes = Buffer.from(file as string);
    const caller = await as(administrator);
    const parts = Math.ceil(bytes.length / partBytes);
    for (let part = 0; part < parts; part += 1) {
      const content = bytes.subarray(part * partBytes, (part + 1) * partBytes);
      await client.addImportPart({ importId, part, content }, caller);
    }
    await client.completeImport({ importId, parts }, caller);
  }

  async function ended(importId: string): Promise<Import> {
    return eventually(async () => {
      const { import: found } = await client.getImport({ importId }, await as(administrator));
      return found && found.state > ImportState.READING ? found : false;
    });
  }

  async function rejectionsOf(importId: string): Promise<string[]> {
    const { rejections } = await client.listRejections({ importId, page: undefined }, await as(administrator));
    return rejections.map(({ line, pointer, reason }) => `${line} ${reason} ${pointer}`);
  }

  async function countOf(name: string): Promise<number> {
    const sql = `SELECT count(*)::integer AS count FROM ${name}`;
    const { rows } = await desk.database.query<{ count: number }>(sql);
    return rows[0]?.count ?? -1;
  }

  it('[M1] registers every row that is in order, and tells why each other one is not', async () => {
    const [first, second] = [nextMobile(), nextMobile()];
    await desk.register({ mobile: `+86${first}` });
    const importId = await begun();
    const rows = [
      `a1,周晓雨,${second}`,
      `a2,王小明,${first}`,
      `a3,李娜,${second}`,
      'a4,陈,123',
      `a1,周晓雨,${nextMobile()}`,
    ];
    await handedOver(importId, `${heading}${rows.join('\n')}\n`);
    expect(await ended(importId)).toMatchObject({
      state: ImportState.DONE,
      encoding: 'utf-8',
      rows: 5,
      registered: 1,
      repeated: 1,
      rejected: 3,
    });
    expect(await rejectionsOf(importId)).toEqual([
      '3 MOBILE_TAKEN /mobile',
      '4 MOBILE_TAKEN /mobile',
      '5 MALFORMED /mobile',
    ]);
    const found = await desk.client.findMember({ by: { $case: 'mobile', value: `+86${second}` } }, await as(agent));
    expect(found.member?.acceptances.map(({ notice, version }) => `${notice} ${version}`)).toEqual([
      'benefits 2026-05',
      'privacy 2026-06',
    ]);
    expect(await desk.eventsOf(found.member?.memberId ?? '')).toHaveLength(1);
  });

  it('[M1] registers nobody in a dry run, and nobody twice when the file comes again', async () => {
    const file = `${heading}b1,周晓雨,${nextMobile()}\nb2,王小明,x\n`;
    const before = await countOf('member');
    const dry = await begun({ dryRun: true });
    await handedOver(dry, file);
    expect(await ended(dry)).toMatchObject({ rows: 2, registered: 1, rejected: 1 });
    expect(await countOf('member')).toBe(before);
    for (const expected of [
      { registered: 1, repeated: 0 },
      { registered: 0, repeated: 1 },
    ]) {
      const importId = await begun();
      await handedOver(importId, file);
      expect(await ended(importId)).toMatchObject(expected);
    }
    expect(await countOf('member')).toBe(before + 1);
  });

  it('[M1] reads GB18030, says so, and keeps nothing of a file that was read', async () => {
    // 李娜 in GB18030.
    const row = [Buffer.from('c1,'), Buffer.from([0xc0, 0xee, 0xc4, 0xc8]), Buffer.from(`,${nextMobile()}\n`)];
    const importId = await begun();
    await handedOver(importId, Buffer.concat([Buffer.from(heading), ...row]), 20);
    expect(await ended(importId)).toMatchObject({ encoding: 'gb18030', registered: 1 });
    expect(await countOf('import_part')).toBe(0);
  });

  it('[M1] says which file cannot be read at all', async () => {
    const importId = await begun();
    await handedOver(importId, 'who,what\n1,2\n');
    expect(await ended(importId)).toMatchObject({ state: ImportState.FAILED, reason: 'HEADING_UNKNOWN' });
  });

  it('[M1][M6] goes on where it was left when the process dies, and has nothing clear at rest meanwhile', async () => {
    const source = 'kill-crm';
    const rows = Array.from({ length: 6_000 }, (_, at) => `k${at},诸葛孔明,${nextMobile()}`);
    const before = await countOf('member');
    const env = { ...desk.keys, DATABASE_URL: desk.service.databaseUrl, TOPIC_PREFIX: desk.service.topicPrefix };
    const other = await startService('members', env);
    try {
      const importId = await begun({ source });
      await handedOver(importId, `${heading}${rows.join('\n')}\n`);
      const dumped = (await desk.dump()).join('\n');
      expect(dumped).not.toContain('诸葛孔明');
      expect(dumped).not.toContain(Buffer.from('诸葛孔明').toString('hex'));
      await eventually(async () => (await countOf('member')) > before);
      await other.kill();
      // Whoever was reading: the lease of a reader that died ends by itself.
      await desk.database.query(
        `UPDATE member_import SET lease_until = now() - interval '1 second', lease_token = NULL`,
      );
      expect(await ended(importId)).toMatchObject({
        state: ImportState.DONE,
        rows: 6_000,
        registered: 6_000,
        rejected: 0,
      });
      expect(await countOf('member')).toBe(before + 6_000);
    } finally {
      await other.stop();
    }
  });

  it('[M1] refuses what is not there, what is whole already, and whoever acts for some stores', async () => {
    const caller = await as(administrator);
    const content = Buffer.from(heading);
    const unknown = client.addImportPart({ importId: nobody, part: 0, content }, caller);
    expect(await refusalOf(unknown)).toMatchObject({ code: 'IMPORT_UNKNOWN' });
    const importId = await begun();
    const missing = client.completeImport({ importId, parts: 2 }, caller);
    expect(await refusalOf(missing)).toMatchObject({ code: 'IMPORT_PARTS_MISSING' });
    await handedOver(importId, `${heading}d1,李娜,${nextMobile()}\n`);
    const late = client.addImportPart({ importId, part: 0, content }, caller);
    expect(await refusalOf(late)).toMatchObject({ code: 'IMPORT_NOT_RECEIVING' });
    const scoped = client.getImport({ importId }, await as({ ...administrator, stores: [bund] }));
    expect(await refusalOf(scoped)).toMatchObject({ code: 'STORE_NOT_ALLOWED' });
  });
});
