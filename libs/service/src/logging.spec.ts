import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { jsonLogger } from './logging.js';

describe('Logs', () => {
  it('[M6][O2] are JSON lines in which personal fields are blanked', () => {
    const lines: string[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString());
        done();
      },
    });
    const log = jsonLogger('members', 'info', sink);
    log.info({ mobile: '+8613800138000', member: { name: '王小明', memberId: 'm1' } }, 'registered');
    const detail = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (mobile)=(+8613800138000)',
    });
    log.error({ err: detail }, 'failed');
    log.error({ err: Object.assign(new Error('invalid input: "+8613800138000"'), { code: '22P02' }) }, 'failed');
    const text = lines.join('');
    expect(text).not.toMatch(/13800138000|王小明/);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ service: 'members', level: 'info', member: { memberId: 'm1' } });
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ err: { code: '23505', message: 'duplicate key' } });
  });
});
