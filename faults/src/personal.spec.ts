import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { personalInLog, personalInTopic, personalTexts } from './personal.js';

const texts = personalTexts([
  { memberId: 'm1', name: '顾小雨', mobile: '+8613700001111', email: 'rain@guests.example' },
]);

describe('The search for personal data', () => {
  it('[M6] finds a name, a mobile with or without its prefix, and an e-mail in a topic', () => {
    for (const text of ['"name":"顾小雨"', '+8613700001111', '13700001111', 'rain@guests.example']) {
      const found = personalInTopic('t', [{ partition: 0, offset: 7, key: 'm1', eventId: 'e1', text }], texts);
      expect(found).toEqual([{ rule: 'no personal data in topics', what: 't, partition 0, offset 7' }]);
    }
  });

  it('[M6] tells the line of a log, and never what stands in it', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'faults-'));
    try {
      const file = join(dir, 'members.log');
      await writeFile(file, '{"msg":"ready"}\n{"msg":"registered +8613700001111"}\n{"msg":"member m1"}\n');
      expect(await personalInLog(file, texts)).toEqual([
        { rule: 'no personal data in logs', what: 'members.log, line 2' },
      ]);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
