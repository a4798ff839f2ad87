import { Temporal } from 'temporal-polyfill';

/** Days that were worked out before; the purchase path asks for the same few over and over. */
const remembered = new Map<string, string>();

function remember(key: string, work: () => string): string {
  const known = remembered.get(key);
  if (known !== undefined) return known;
  if (remembered.size > 10_000) remembered.clear();
  const found = work();
  remembered.set(key, found);
  return found;
}

/** Whether it is a date of the calendar, YYYY-MM-DD. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  try {
    Temporal.PlainDate.from(text, { overflow: 'reject' });
    return true;
  } catch {
    return false;
  }
}

/** Whether it is an IANA time zone, such as Asia/Shanghai. */
export function isTimeZone(text: string): boolean {
  try {
    new Temporal.ZonedDateTime(0n, text);
    return true;
  } catch {
    return false;
  }
}

/** The date so many months before; the last day of the month where that month is shorter. */
export function monthsBefore(date: string, months: number): string {
  return remember(`m${months} ${date}`, () => Temporal.PlainDate.from(date).subtract({ months }).toString());
}

/** The date so many days before. */
export function daysBefore(date: string, days: number): string {
  return remember(`d${days} ${date}`, () => Temporal.PlainDate.from(date).subtract({ days }).toString());
}

/** The date so many days after. */
export function daysAfter(date: string, days: number): string {
  return remember(`d${-days} ${date}`, () => Temporal.PlainDate.from(date).add({ days }).toString());
}

/** The date so many months after; the last day of the month where that month is shorter. */
export function monthsAfter(date: string, months: number): string {
  return remember(`m${-months} ${date}`, () => Temporal.PlainDate.from(date).add({ months }).toString());
}

/** The first date of its month. */
export function firstOfMonth(date: string): string {
  return `${date.slice(0, 7)}-01`;
}

/** The last date of its month. */
export function lastOfMonth(date: string): string {
  return remember(`l ${date}`, () => {
    const day = Temporal.PlainDate.from(date);
    return day.with({ day: day.daysInMonth }).toString();
  });
}

/** How many days two dates lie apart, 0 or more. */
export function daysApart(one: string, other: string): number {
  return Math.abs(Temporal.PlainDate.from(one).until(Temporal.PlainDate.from(other)).days);
}

/** The first moment after a date in a zone, epoch milliseconds. */
export function endOfDayMs(date: string, timeZone: string): number {
  const next = Temporal.PlainDate.from(date).add({ days: 1 });
  return next.toZonedDateTime({ timeZone }).epochMilliseconds;
}

/** The first moment of a month (YYYY-MM) and of the next one in a zone, epoch milliseconds. */
export function monthBoundsMs(month: string, timeZone: string): { fromMs: number; untilMs: number } {
  const first = Temporal.PlainDate.from(`${month}-01`);
  const start = (day: Temporal.PlainDate) => day.toZonedDateTime({ timeZone }).epochMilliseconds;
  return { fromMs: start(first), untilMs: start(first.add({ months: 1 })) };
}

/** The dates of a place at a moment. */
export interface Today {
  /** What the calendar on the wall says. */
  readonly calendarDate: string;
  /** The trading day: before the cut-over it is still yesterday's. */
  readonly businessDate: string;
  /** From this moment both hold, epoch milliseconds. */
  readonly fromMs: number;
  /** Until this moment, exclusive. */
  readonly untilMs: number;
}

/** The dates in a zone where the business day ends so many minutes after local midnight. */
export function todayAt(nowMs: number, timeZone: string, cutoverMinutes: number): Today {
  const here = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timeZone);
  const date = here.toPlainDate();
  const sinceMidnight = here.hour * 60 + here.minute;
  const stillYesterday = sinceMidnight < cutoverMinutes;
  const cutover = Temporal.PlainTime.from({ hour: Math.floor(cutoverMinutes / 60), minute: cutoverMinutes % 60 });
  const midnight = date.toZonedDateTime({ timeZone });
  const changesToday = date.toZonedDateTime({ timeZone, plainTime: cutover });
  const nextMidnight = date.add({ days: 1 }).toZonedDateTime({ timeZone });
  return {
    calendarDate: date.toString(),
    businessDate: (stillYesterday ? date.subtract({ days: 1 }) : date).toString(),
    fromMs: (stillYesterday ? midnight : changesToday).epochMilliseconds,
    untilMs: (stillYesterday ? changesToday : nextMidnight).epochMilliseconds,
  };
}

/** Monday is 1, Sunday 7. */
export function weekdayOf(date: string): number {
  return Temporal.PlainDate.from(date).dayOfWeek;
}

/** Whether it is a time of the day, HH:MM, 24:00 included. */
export function isTime(text: string): boolean {
  return /^([01]\d|2[0-3]):[0-5]\d$/.test(text) || text === '24:00';
}

/** Minutes since midnight of HH:MM. */
export function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}

const QUARTER_MS = 900_000;
const offsets = new Map<string, number>();

/** Minutes since midnight by the clock on the wall; zones change their offset at full quarters only. */
export function minuteOfDay(ms: number, timeZone: string): number {
  const quarter = Math.floor(ms / QUARTER_MS);
  const key = `${timeZone} ${quarter}`;
  let offset = offsets.get(key);
  if (offset === undefined) {
    if (offsets.size > 10_000) offsets.clear();
    const at = Temporal.Instant.fromEpochMilliseconds(quarter * QUARTER_MS).toZonedDateTimeISO(timeZone);
    offset = Math.round(at.offsetNanoseconds / 60e9);
    offsets.set(key, offset);
  }
  const minutes = Math.floor(ms / 60_000) + offset;
  return ((minutes % 1_440) + 1_440) % 1_440;
}
