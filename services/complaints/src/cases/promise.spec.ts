import { describe, expect, it } from '@jest/globals';
import { CaseType, IntakeChannel, Severity } from '@regulars/contracts/complaints/v1/cases';
import fc from 'fast-check';
import { respondBy } from './promise.js';

const receivedAt = new Date('2026-05-04T12:00:00Z');
const { INQUIRY, COMPLAINT, PRAISE, SUGGESTION } = CaseType;
const { MINOR, NORMAL, MAJOR } = Severity;
const { STORE_DESK, ON_SITE_QR, WECHAT, APP, PHONE, EMAIL, WEBSITE, SUGGESTION_BOX, SOCIAL_MEDIA } = IntakeChannel;

const minutes = (type: CaseType, severity: Severity, channel: IntakeChannel) =>
  (respondBy(receivedAt, { type, severity, channel }).getTime() - receivedAt.getTime()) / 60_000;

describe('The time a guest is promised', () => {
  it.each([STORE_DESK, ON_SITE_QR, WECHAT, APP])(
    '[C5] is a minute for an inquiry on site or in chat (%s)',
    (channel) => {
      expect(minutes(INQUIRY, NORMAL, channel)).toBe(1);
    },
  );

  it('[C5] is ten minutes for an inquiry by telephone', () => {
    expect(minutes(INQUIRY, NORMAL, PHONE)).toBe(10);
  });

  it.each([COMPLAINT, PRAISE, SUGGESTION])('[C5] is two hours for what is major, whatever it is (%s)', (type) => {
    expect(minutes(type, MAJOR, EMAIL)).toBe(120);
  });

  it('[C5] stays a minute for a major inquiry on site', () => {
    expect(minutes(INQUIRY, MAJOR, STORE_DESK)).toBe(1);
  });

  it.each([EMAIL, WEBSITE, SUGGESTION_BOX, SOCIAL_MEDIA])('[C5] is a day for an inquiry that waits (%s)', (channel) => {
    expect(minutes(INQUIRY, MINOR, channel)).toBe(1_440);
  });

  it('[C5] is never later than a day and never before the case', () => {
    const urgencies = fc.tuple(
      fc.constantFrom(SUGGESTION, COMPLAINT, PRAISE, INQUIRY),
      fc.constantFrom(MINOR, NORMAL, MAJOR),
      fc.constantFrom(STORE_DESK, PHONE, WECHAT, APP, EMAIL, WEBSITE, SUGGESTION_BOX, ON_SITE_QR, SOCIAL_MEDIA),
    );
    fc.assert(
      fc.property(urgencies, (urgency) => {
        expect(minutes(...urgency)).toBeGreaterThan(0);
        expect(minutes(...urgency)).toBeLessThanOrEqual(1_440);
      }),
    );
  });
});
