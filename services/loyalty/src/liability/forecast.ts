import { share } from '@regulars/amounts';

/** Points earned in one month, and what became of them. */
export interface Cohort {
  /** YYYY-MM, in the programme's zone. */
  readonly month: string;
  readonly issued: number;
  /** Ended unused, booked or not. */
  readonly ended: number;
  readonly remaining: number;
  /** Of the remaining ones, those that end at all. */
  readonly ending: number;
  /** Epoch milliseconds; undefined when some never end or none are left. */
  readonly lastEndMs: number | undefined;
}

/** A cohort with what of it will probably end unused. */
export interface ForecastCohort extends Cohort {
  /** Spent, or taken back by refunds. */
  readonly used: number;
  readonly expectedBreakage: number;
}

/** A forecast and what it relies on. */
export interface Forecast {
  /** Ten-thousandths; undefined while no month is over. */
  readonly rateE4: number | undefined;
  readonly expectedBreakage: number;
  readonly cohorts: readonly ForecastCohort[];
}

/**
 * How many of the points that are left will end unused (breakage), per month of earning. Months that are over entirely
 * show which share of the points issued ended unused; of a month that is not over the same share is expected, less what
 * has ended already, and never more than what is left and ends at all. Without a month that is over nothing is expected.
 */
export function forecastOf(cohorts: readonly Cohort[]): Forecast {
  const over = cohorts.filter(({ issued, remaining }) => issued > 0 && remaining === 0);
  const issued = sum(over.map((cohort) => cohort.issued));
  const rateE4 =
    issued === 0 ? undefined : share(10_000, { of: sum(over.map(({ ended }) => ended)), per: issued }, 'half-up');
  const told = cohorts.map((cohort) => {
    const due = rateE4 === undefined ? 0 : share(cohort.issued, { of: rateE4, per: 10_000 }, 'half-up') - cohort.ended;
    const expectedBreakage = Math.max(0, Math.min(due, cohort.ending));
    return { ...cohort, used: cohort.issued - cohort.ended - cohort.remaining, expectedBreakage };
  });
  return { rateE4, expectedBreakage: sum(told.map((cohort) => cohort.expectedBreakage)), cohorts: told };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
