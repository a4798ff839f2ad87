import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { type Plan, plan, turn } from './planning.js';

const shanghai = 'Asia/Shanghai';
const nobody = { lastDueAt: undefined, hasOpenComplaint: false };
const at = (local: string, zone = shanghai) =>
  new Date(Temporal.PlainDateTime.from(local).toZonedDateTime(zone).epochMilliseconds);
const dueAt = (planned: Plan) => (planned.outcome === 'planned' ? planned.dueAt : planned);
const visit = (rungAt: Date, timeZone: string | undefined = shanghai) => ({ rungAt, timeZone });

describe('Planning a follow-up', () => {
  it('[S4] asks a day later at the same hour', () => {
    const rungAt = at('2026-05-04T13:20');
    expect(dueAt(plan(visit(rungAt), nobody, rungAt))).toEqual(at('2026-05-05T13:20'));
  });

  it.each([
    ['after breakfast', '2026-05-04T07:15', '2026-05-05T10:00'],
    ['after dinner', '2026-05-04T21:40', '2026-05-06T10:00'],
    ['when daytime begins', '2026-05-04T10:00', '2026-05-05T10:00'],
    ['when daytime ends', '2026-05-04T20:00', '2026-05-06T10:00'],
  ])('[S4] asks in daytime of the store about a purchase rung up %s', (_when, rungAt, asked) => {
    expect(dueAt(plan(visit(at(rungAt)), nobody, at(rungAt)))).toEqual(at(asked));
  });

  it('[S4] asks by the clock of the store also where that clock changes', () => {
    const rungAt = at('2026-03-28T12:00', 'Europe/Paris');
    expect(dueAt(plan(visit(rungAt, 'Europe/Paris'), nobody, rungAt))).toEqual(at('2026-03-29T12:00', 'Europe/Paris'));
  });

  it('[S4] asks as soon as it may about a purchase that was handed in late, and not after a week', () => {
    const rungAt = at('2026-05-04T12:00');
    expect(dueAt(plan(visit(rungAt), nobody, at('2026-05-08T23:00')))).toEqual(at('2026-05-09T10:00'));
    const late = plan(visit(rungAt), nobody, at('2026-05-11T11:00'));
    expect(dueAt(late)).toEqual(at('2026-05-11T11:00'));
    expect(plan(visit(rungAt), nobody, at('2026-05-11T12:00'))).toEqual({ outcome: 'skipped', reason: 'TOO_LATE' });
  });

  it('[S4] asks a member once in thirty days', () => {
    const rungAt = at('2026-05-04T12:00');
    const after = (lastDueAt: Date) => plan(visit(rungAt), { ...nobody, lastDueAt }, rungAt);
    expect(after(at('2026-04-05T12:01'))).toEqual({ outcome: 'skipped', reason: 'ASKED_RECENTLY' });
    expect(after(at('2026-04-05T12:00'))).toMatchObject({ outcome: 'planned' });
    expect(after(at('2026-05-20T12:00'))).toEqual({ outcome: 'skipped', reason: 'ASKED_RECENTLY' });
  });

  it('[S4] asks a member once in thirty days on the calendar of the store, wherever it is', () => {
    const zones = fc.constantFrom(shanghai, 'Europe/Paris', 'America/St_Johns', 'Pacific/Apia');
    const moments = fc.date({ min: new Date('2026-01-01'), max: new Date('2026-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(zones, moments, fc.integer({ min: 24 * 24, max: 34 * 24 }), (zone, rungAt, hoursBefore) => {
        const lastDueAt = new Date(rungAt.getTime() - hoursBefore * 3_600_000);
        const alone = plan(visit(rungAt, zone), nobody, rungAt);
        fc.pre(alone.outcome === 'planned');
        const last = Temporal.Instant.fromEpochMilliseconds(lastDueAt.getTime()).toZonedDateTimeISO(zone);
        const again = last.add({ days: 30 }).epochMilliseconds;
        const planned = plan(visit(rungAt, zone), { ...nobody, lastDueAt }, rungAt);
        if (again <= alone.dueAt.getTime()) expect(planned).toEqual(alone);
        else expect(planned).toEqual({ outcome: 'skipped', reason: 'ASKED_RECENTLY' });
      }),
    );
  });

  it('[S4] does not ask a member who has an open complaint', () => {
    const rungAt = at('2026-05-04T12:00');
    const planned = plan(visit(rungAt), { ...nobody, hasOpenComplaint: true }, rungAt);
    expect(planned).toEqual({ outcome: 'skipped', reason: 'OPEN_COMPLAINT' });
  });

  it('[S4] is always in daytime and within a week, wherever the store is and whenever it heard', () => {
    const zones = fc.constantFrom(
      shanghai,
      'Europe/Paris',
      'America/St_Johns',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
    );
    const moments = fc.date({ min: new Date('2026-01-01'), max: new Date('2027-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(zones, moments, fc.integer({ min: 0, max: 200 }), (zone, rungAt, hoursLate) => {
        const planned = plan(visit(rungAt, zone), nobody, new Date(rungAt.getTime() + hoursLate * 3_600_000));
        fc.pre(planned.outcome === 'planned');
        const local = Temporal.Instant.fromEpochMilliseconds(planned.dueAt.getTime()).toZonedDateTimeISO(zone);
        const rung = Temporal.Instant.fromEpochMilliseconds(rungAt.getTime()).toZonedDateTimeISO(zone);
        expect(local.hour).toBeGreaterThanOrEqual(10);
        expect(local.hour).toBeLessThan(20);
        expect(Temporal.ZonedDateTime.compare(local, rung.add({ days: 1 }))).toBeGreaterThanOrEqual(0);
        expect(Temporal.ZonedDateTime.compare(local, rung.add({ days: 7 }))).toBeLessThan(0);
      }),
    );
  });
});

describe('A follow-up whose time has come', () => {
  const planned = { askUntil: at('2026-05-11T12:00'), timeZone: shanghai };

  it('[S4] is asked in daytime', () => {
    expect(turn(planned, nobody, at('2026-05-05T12:00'))).toEqual({ outcome: 'ask' });
  });

  it('[S4] waits for the morning where the time was missed and it is night now', () => {
    const morning = { outcome: 'postponed', dueAt: at('2026-05-06T10:00') };
    expect(turn(planned, nobody, at('2026-05-06T02:30'))).toEqual(morning);
    expect(turn(planned, nobody, at('2026-05-05T20:00'))).toEqual(morning);
  });

  it('[S4] lapses after the week, also where the next morning would be after it', () => {
    expect(turn(planned, nobody, at('2026-05-11T12:00'))).toEqual({ outcome: 'lapsed' });
    const untilEight = { ...planned, askUntil: at('2026-05-11T08:00') };
    expect(turn(untilEight, nobody, at('2026-05-11T03:00'))).toEqual({ outcome: 'lapsed' });
  });

  it('[S4] lapses where the member has complained meanwhile', () => {
    expect(turn(planned, { ...nobody, hasOpenComplaint: true }, at('2026-05-05T12:00'))).toEqual({ outcome: 'lapsed' });
  });

  it('[M5] lapses where the member is one person since with somebody who was asked less than 30 days ago', () => {
    const now = at('2026-05-05T12:00');
    expect(turn(planned, { ...nobody, lastDueAt: at('2026-04-05T12:01') }, now)).toEqual({ outcome: 'lapsed' });
    expect(turn(planned, { ...nobody, lastDueAt: at('2026-04-05T12:00') }, now)).toEqual({ outcome: 'ask' });
  });

  it('[S4] waits for the zone of a store that has not been told yet', () => {
    const unknown = { ...planned, timeZone: undefined };
    expect(turn(unknown, nobody, at('2026-05-05T12:00'))).toEqual({
      outcome: 'postponed',
      dueAt: at('2026-05-05T13:00'),
    });
    expect(turn(unknown, nobody, at('2026-05-11T11:30'))).toEqual({ outcome: 'lapsed' });
  });
});
