import { createRequire } from 'node:module';
import { describe, expect, it, jest } from '@jest/globals';
import { restWhileNothingWaits } from './kafkajs-idle.js';

interface Queue {
  pending: { sent?: boolean }[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
  sendSocketRequest(request: { sent?: boolean }): void;
  destroy(): void;
}

describe('A connection of kafkajs', () => {
  restWhileNothingWaits();
  const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as new (
    options: object,
  ) => Queue;
  const silent = { debug: () => undefined, error: () => undefined };
  const queue = () => {
    const opened = new RequestQueue({ maxInFlightRequests: null, requestTimeout: 1_000, logger: silent });
    opened.sendSocketRequest = (request) => {
      request.sent = true;
    };
    return opened;
  };

  it('[O2] arms no timer while no request waits', () => {
    jest.useFakeTimers();
    const idle = queue();
    idle.scheduleCheckPendingRequests();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('[O2] sends what the broker throttled when the time is over, and rests again', () => {
    jest.useFakeTimers();
    const throttled = queue();
    const request = {};
    throttled.throttledUntil = Date.now() + 500;
    throttled.pending.push(request);
    throttled.scheduleCheckPendingRequests();
    jest.advanceTimersByTime(490);
    expect(request).not.toHaveProperty('sent');
    jest.advanceTimersByTime(20);
    expect(request).toEqual({ sent: true });
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });
});
