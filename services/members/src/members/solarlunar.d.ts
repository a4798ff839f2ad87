/** What is used of solarlunar, whose own declarations cannot be found through its exports. */
declare module 'solarlunar' {
  interface SolarDay {
    readonly cYear: number;
    readonly cMonth: number;
    readonly cDay: number;
  }

  const solarLunar: {
    /** Days of a month that is no leap month. */
    monthDays(year: number, month: number): number;
    /** Days of the leap month of a year, 0 without one. */
    leapDays(year: number): number;
    /** Which month the leap month of a year follows, 0 without one. */
    leapMonth(year: number): number;
    /** -1 for a day that does not exist. */
    lunar2solar(year: number, month: number, day: number, isLeapMonth: boolean): SolarDay | -1;
  };
  export default solarLunar;
}
