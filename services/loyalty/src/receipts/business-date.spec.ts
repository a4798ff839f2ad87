import { describe, expect, it } from '@jest/globals';
import { todayAt } from '../programmes/calendar.js';
import { dateRefusal, mayBeRestamped } from './business-date.js';

const at = (instant: string, timeZone = 'Asia/Shanghai', cutover = 240) =>
  todayAt(Date.parse(instant), timeZone, cutover);

describe('Which business dates can be posted', () => {
  it('[L1] takes both dates between midnight and the cut-over of the store', () => {
    const night = at('2026-03-14T18:30:00Z');
    expect(night).toMatchObject({ calendarDate: '2026-03-15', businessDate: '2026-03-14' });
    expect(dateRefusal('2026-03-14', night, 30)).toBeUndefined();
    expect(dateRefusal('2026-03-15', night, 30)).toBeUndefined();
    expect(dateRefusal('2026-03-16', night, 30)).toBe('in-future');
  });

  it('[L1] goes by the zone of the store', () => {
    const instant = '2026-03-15T02:00:00Z';
    expect(dateRefusal('2026-03-15', at(instant), 30)).toBeUndefined();
    expect(dateRefusal('2026-03-15', at(instant, 'America/New_York', 0), 30)).toBe('in-future');
  });

  it('[L2] takes dates as old as the programme says, counted from the trading day', () => {
    const night = at('2026-03-14T18:30:00Z');
    expect(dateRefusal('2026-02-12', night, 30)).toBeUndefined();
    expect(dateRefusal('2026-02-11', night, 30)).toBe('too-old');
  });

  it('[L1] knows until when its dates hold, also on the night the clocks change', () => {
    const before = at('2026-03-29T00:30:00Z', 'Europe/Berlin', 180);
    expect(before.businessDate).toBe('2026-03-28');
    expect(new Date(before.untilMs).toISOString()).toBe('2026-03-29T01:00:00.000Z');
    expect(at('2026-03-29T01:00:00Z', 'Europe/Berlin', 180).businessDate).toBe('2026-03-29');
  });
});

describe('Whether a receipt may be stamped anew', () => {
  it('[L1] suspects hours, not the same time tomorrow', () => {
    const rung = Date.parse('2026-03-14T15:59:58Z');
    expect(mayBeRestamped(rung, rung + 7_000)).toBe(true);
    expect(mayBeRestamped(rung, rung)).toBe(true);
    expect(mayBeRestamped(rung, rung + 24 * 3_600_000)).toBe(false);
  });
});
