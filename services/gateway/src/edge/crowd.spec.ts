import { describe, expect, it } from '@jest/globals';
import { Crowd, givesWay, urgencyOf } from './crowd.js';

/** A crowd that was answered at this rate for two seconds, with so many in hand all the time. */
function usedTo(perSecond: number, inHand: number): { crowd: Crowd; nowMs: number } {
  const crowd = new Crowd();
  for (let each = 0; each < inHand; each++) crowd.letIn(0, 0);
  let nowMs = 0;
  for (; nowMs < 2_000; nowMs += 1_000 / perSecond) {
    crowd.answer(nowMs);
    crowd.letIn(nowMs, 0);
  }
  return { crowd, nowMs };
}

/** How many more are let in at this moment. */
function roomOf(crowd: Crowd, nowMs: number, lagMs = 0): number {
  let room = 0;
  while (room < 10_000 && crowd.letIn(nowMs, lagMs)) room += 1;
  return room;
}

describe('Refusing early', () => {
  it('[L1] lets in as many as are answered within a till’s patience, and no more', () => {
    const { crowd, nowMs } = usedTo(2_000, 100);
    expect(100 + roomOf(crowd, nowMs)).toBeGreaterThan(420);
    expect(100 + roomOf(crowd, nowMs)).toBeLessThan(470);
  });

  it('[L1] counts what is late already', () => {
    const { crowd, nowMs } = usedTo(2_000, 100);
    expect(100 + roomOf(crowd, nowMs, 120)).toBeLessThan(230);
  });

  it('[L1] always lets in some dozens, because an idle system looks slow', () => {
    const { crowd, nowMs } = usedTo(20, 20);
    expect(20 + roomOf(crowd, nowMs, 10_000)).toBe(24);
  });

  it('[L1] learns nothing from hours in which little was to do', () => {
    const { crowd, nowMs } = usedTo(50, 1);
    expect(1 + roomOf(crowd, nowMs)).toBeGreaterThan(200);
  });

  it('[L1] refuses soon when answers cease', () => {
    const { crowd, nowMs } = usedTo(2_000, 200);
    expect(roomOf(crowd, nowMs + 1_000)).toBe(0);
  });

  it('[L1] lets everyone in again once they were answered', () => {
    const { crowd, nowMs } = usedTo(2_000, 100);
    const more = roomOf(crowd, nowMs);
    for (let each = 0; each < more + 100; each++) crowd.answer(nowMs + 300);
    expect(roomOf(crowd, nowMs + 301)).toBeGreaterThanOrEqual(128);
  });
});

describe('What gives way', () => {
  it('[O4] is what nobody at a till waits for: bulk first, then reads, then other writes at a till', () => {
    const giving = (lagMs: number, inHand = 300) =>
      (['bulk', 'read', 'till-write'] as const).filter((each) => givesWay(each, lagMs, inHand));
    expect(giving(350, 200)).toEqual([]);
    expect(giving(20)).toEqual([]);
    expect(giving(150)).toEqual(['bulk']);
    expect(giving(250)).toEqual(['bulk', 'read']);
    expect(giving(350)).toEqual(['bulk', 'read', 'till-write']);
  });

  it('[O4] is told by the route', () => {
    expect(urgencyOf('POST', '/v1/purchases', true)).toBe('purchase');
    expect(urgencyOf('POST', '/v1/refunds', true)).toBe('purchase');
    expect(urgencyOf('POST', '/v1/members', true)).toBe('till-write');
    expect(urgencyOf('GET', '/v1/members/:memberId/points', true)).toBe('read');
    expect(urgencyOf('POST', '/v1/brands', false)).toBe('read');
    expect(urgencyOf('POST', '/v1/purchases:batch', true)).toBe('bulk');
  });
});
