import { describe, expect, it } from '@jest/globals';
import { CaseType, IntakeChannel, OpenCaseRequest, Severity } from '@regulars/contracts/complaints/v1/cases';
import { intakeOf } from './intake.js';

const now = new Date('2026-05-04T12:00:00Z');

const complaint: OpenCaseRequest = {
  idempotencyKey: 'k-1',
  memberId: '',
  storeId: '01975F00-0000-7000-8000-000000000001',
  type: CaseType.COMPLAINT,
  severity: Severity.UNSPECIFIED,
  channel: IntakeChannel.STORE_DESK,
  text: '等了一个小时',
  happenedAt: undefined,
};

const pointersOf = (request: OpenCaseRequest) => {
  const read = intakeOf(request, now);
  return 'faults' in read ? read.faults.map(({ pointer }) => pointer) : [];
};

describe('Reading feedback', () => {
  it('[C2] takes a severity that nobody told for normal', () => {
    expect(intakeOf(complaint, now)).toMatchObject({ intake: { severity: Severity.NORMAL } });
  });

  it('[C3] writes ids one way, however they were typed', () => {
    expect(intakeOf(complaint, now)).toMatchObject({ intake: { storeId: '01975f00-0000-7000-8000-000000000001' } });
  });

  it('[C3] tells every fault of an empty request at once', () => {
    const empty = OpenCaseRequest.fromJSON({});
    expect(pointersOf(empty)).toEqual(['/idempotencyKey', '/storeId', '/type', '/channel', '/text']);
  });

  it('[C3] refuses a moment that has not come, beside all other faults', () => {
    const wrong = { ...complaint, text: ' \n ', happenedAt: new Date('2026-05-04T12:00:01Z') };
    expect(pointersOf(wrong)).toEqual(['/text', '/happenedAt']);
  });

  it('[C3] counts characters, not code units, up to 4 000', () => {
    expect(pointersOf({ ...complaint, text: '🍜'.repeat(4_000) })).toEqual([]);
    expect(pointersOf({ ...complaint, text: '🍜'.repeat(4_001) })).toEqual(['/text']);
  });

  it.each<[string, object]>([
    ['/memberId', { memberId: '13800138000' }],
    ['/type', { type: 99 }],
    ['/severity', { severity: -1 }],
    ['/channel', { channel: 12 }],
    ['/idempotencyKey', { idempotencyKey: 'k'.repeat(129) }],
    ['/happenedAt', { happenedAt: new Date(Number.NaN) }],
  ])('[C3] refuses what is not a value of %s', (pointer, change) => {
    expect(pointersOf({ ...complaint, ...change })).toEqual([pointer]);
  });
});
