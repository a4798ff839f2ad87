import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Attempt, attemptOf, verdictOn } from './delivery.js';

const now = new Date('2026-05-04T12:00:00Z');
const inThreeDays = new Date('2026-05-07T12:00:00Z');
const down: Attempt = { outcome: 'not-now', reason: 'PROVIDER_UNAVAILABLE', maybeTaken: false };

const pauseMs = (attempts: number, jitter = 0.5) =>
  verdictOn({ attempts, expiresAt: inThreeDays }, down, now, jitter).dueAt.getTime() - now.getTime();

describe('What becomes of a message after a try', () => {
  it('[N6] is tried again after pauses that double, up to a quarter of an hour', () => {
    expect([1, 2, 3, 4].map((attempts) => pauseMs(attempts))).toEqual([5_000, 10_000, 20_000, 40_000]);
    expect(pauseMs(9)).toBe(15 * 60_000);
    expect(pauseMs(1_000)).toBe(15 * 60_000);
  });

  it('[N6] spreads the pauses by half either way', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, jitter) => {
        expect(pauseMs(attempts, jitter) / pauseMs(attempts)).toBeGreaterThanOrEqual(0.49);
        expect(pauseMs(attempts, jitter) / pauseMs(attempts)).toBeLessThanOrEqual(1.51);
      }),
    );
  });

  it('[N6] is given up with the last reason where it would expire before the next try', () => {
    const message = { attempts: 3, expiresAt: new Date('2026-05-04T12:00:19Z') };
    expect(verdictOn(message, down, now, 0.5)).toMatchObject({ state: 'FAILED', reason: 'PROVIDER_UNAVAILABLE' });
  });

  it('[N6] ends with what ended it', () => {
    const message = { attempts: 1, expiresAt: inThreeDays };
    const after = (attempt: Attempt) => verdictOn(message, attempt, now, 0);
    expect(after({ outcome: 'taken' })).toMatchObject({ state: 'SENT', reason: undefined });
    expect(after({ outcome: 'suppressed', reason: 'NO_ADDRESS' })).toMatchObject({
      state: 'SUPPRESSED',
      reason: 'NO_ADDRESS',
    });
    expect(after({ outcome: 'refused', reason: 'EXPIRED' })).toMatchObject({ state: 'FAILED', reason: 'EXPIRED' });
  });
});

describe('Reading what the provider said', () => {
  it.each([
    ['an unknown mailbox', { code: 'EENVELOPE', responseCode: 550, command: 'RCPT TO' }, 'ADDRESS_REFUSED'],
    ['an address that is none', { code: 'EENVELOPE', command: 'API' }, 'ADDRESS_REFUSED'],
    ['a message taken for spam', { code: 'EMESSAGE', responseCode: 554, command: 'DATA' }, 'PROVIDER_REFUSED'],
    ['a sender it does not know', { code: 'EENVELOPE', responseCode: 553, command: 'MAIL FROM' }, 'PROVIDER_REFUSED'],
  ])('[N6] gives up on %s', (_what, failure, reason) => {
    expect(attemptOf(failure)).toEqual({ outcome: 'refused', reason });
  });

  it.each([
    ['a full mailbox', { code: 'EENVELOPE', responseCode: 452, command: 'RCPT TO' }],
    ['a message it will take later', { code: 'EMESSAGE', responseCode: 451, command: 'DATA' }],
    ['a busy server', { code: 'EPROTOCOL', responseCode: 421, command: 'CONN' }],
    ['a session out of step', { code: 'EENVELOPE', responseCode: 503, command: 'MAIL FROM' }],
    ['wrong credentials', { code: 'EAUTH', responseCode: 535, command: 'AUTH PLAIN' }],
    ['a refused connection', { code: 'ESOCKET', command: 'CONN', syscall: 'connect' }],
    ['a host without an address', { code: 'EDNS', command: 'CONN', syscall: 'getaddrinfo' }],
    ['a server that never greets', { code: 'ETIMEDOUT', command: 'CONN', timeoutType: 'GREETING_TIMEOUT' }],
  ])('[N6] tries again after %s, sure that it was not taken', (_what, failure) => {
    expect(attemptOf(failure)).toEqual({ ...down, maybeTaken: false });
  });

  it.each([
    ['was cut', { code: 'ECONNECTION', command: 'CONN' }],
    ['was reset', { code: 'ESOCKET', command: 'CONN', syscall: 'read' }],
    ['went silent', { code: 'ETIMEDOUT', command: 'CONN', timeoutType: 'SOCKET_TIMEOUT' }],
    ['was given up', { code: 'EABORT' }],
  ])('[N6] counts it as possibly taken where an open line %s', (_what, failure) => {
    expect(attemptOf(failure)).toEqual({ ...down, maybeTaken: true });
  });
});
