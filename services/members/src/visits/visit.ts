import type { PurchaseLine, RefundLine } from '@regulars/contracts/loyalty/v1/purchases';

/** A line of a visit: what was bought. */
export type Line = readonly [sku: string, name: string, category: string, quantityMilli: number, amountMinor: number];

/** What was given back of the line at a place. */
export type Back = readonly [line: number, quantityMilli: number, amountMinor: number];

/** A purchase that was credited to a member (requirement M7). */
export interface Visit {
  /** UUIDv7: later bookings have greater ones. */
  readonly purchaseId: string;
  readonly programmeId: string;
  readonly storeId: string;
  /** YYYY-MM-DD */
  readonly businessDate: string;
  readonly rungAt: Date;
  readonly offsetMinutes: number;
  readonly currency: string;
  readonly totalMinor: number;
  readonly channel: string;
  /** 0 when not told. */
  readonly partySize: number;
  readonly lines: readonly Line[];
  /** By every refund there was; a line may occur several times. */
  readonly givenBack: readonly Back[];
}

/** A line as it is kept. */
export function lineOf({ sku, name, category, quantityMilli, amountMinor }: PurchaseLine): Line {
  return [sku, name, category, quantityMilli, amountMinor];
}

/** The lines in an event; none in one that does not tell them. @throws SyntaxError for what is no JSON */
export function linesIn(json: string): readonly Line[] {
  return json === '' ? [] : (JSON.parse(json) as readonly Line[]);
}

/** What was given back, as it is kept. */
export function backOf({ line, quantityMilli, amountMinor }: RefundLine): Back {
  return [line, quantityMilli, amountMinor];
}

/** The lines of a visit less what was given back of them, by place. */
export function keptLines({ lines, givenBack }: Visit): Line[] {
  return lines.map(([sku, name, category, quantityMilli, amountMinor], place) => {
    const back = givenBack.filter(([line]) => line === place);
    const quantity = Math.max(
      0,
      back.reduce((left, [, less]) => left - less, quantityMilli),
    );
    const amount = Math.max(
      0,
      back.reduce((left, [, , less]) => left - less, amountMinor),
    );
    return [sku, name, category, quantity, amount];
  });
}

/** What was paid and not given back; all of it where the lines were not told. */
export function keptMinor(visit: Visit): number {
  if (visit.lines.length === 0) return visit.totalMinor;
  return keptLines(visit).reduce((sum, [, , , , amountMinor]) => sum + amountMinor, 0);
}

/** Whether nothing of it is left: then nobody was there, as far as anybody can tell. */
export function isGivenBack(visit: Visit): boolean {
  return visit.lines.length > 0 && keptLines(visit).every(([, , , quantityMilli]) => quantityMilli === 0);
}

/** How a visit that is kept differs from what is booked. */
export interface Difference {
  readonly purchaseId: string;
  readonly kind: 'missing' | 'surplus' | 'otherwise';
}

/** Where the visits kept differ from those booked, in the order of their ids. */
export function differencesOf(kept: readonly Visit[], booked: readonly Visit[]): Difference[] {
  const keptById = new Map(kept.map((visit) => [visit.purchaseId, visit]));
  const bookedIds = new Set(booked.map(({ purchaseId }) => purchaseId));
  const differences = [
    ...booked.flatMap((visit): Difference[] => {
      const { purchaseId } = visit;
      const mine = keptById.get(purchaseId);
      if (!mine) return [{ purchaseId, kind: 'missing' }];
      return inWords(mine) === inWords(visit) ? [] : [{ purchaseId, kind: 'otherwise' }];
    }),
    ...kept.flatMap(({ purchaseId }): Difference[] =>
      bookedIds.has(purchaseId) ? [] : [{ purchaseId, kind: 'surplus' }],
    ),
  ];
  return differences.sort((one, other) => (one.purchaseId < other.purchaseId ? -1 : 1));
}

/** All of a visit, however many refunds gave the same back. */
function inWords(visit: Visit): string {
  const { programmeId, storeId, businessDate, rungAt, offsetMinutes, currency, totalMinor, channel, partySize } = visit;
  const place = [programmeId, storeId, businessDate, rungAt.getTime(), offsetMinutes];
  return JSON.stringify([place, currency, totalMinor, channel, partySize, keptLines(visit)]);
}
