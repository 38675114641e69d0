import { DateTime, type DurationLikeObject } from 'luxon';

/** How often something recurs. */
export const billingCycles = ['daily', 'weekly', 'monthly', 'quarterly', 'annual'] as const;
export type BillingCycle = (typeof billingCycles)[number];

/** Every `intervalCount` days, weeks, months, quarters or years. */
export interface Cadence {
  readonly billingCycle: BillingCycle;
  readonly intervalCount: number;
}

/** A half-open stretch of time: `start` belongs to it, `end` to the next one (C-26). UTC ISO 8601. */
export interface Period {
  readonly start: string;
  readonly end: string;
}

const steps: Readonly<Record<BillingCycle, (count: number) => DurationLikeObject>> = {
  daily: (days) => ({ days }),
  weekly: (weeks) => ({ weeks }),
  monthly: (months) => ({ months }),
  quarterly: (quarters) => ({ months: 3 * quarters }),
  annual: (years) => ({ years }),
};

const utc = (instant: string): DateTime => DateTime.fromMillis(Date.parse(instant), { zone: 'utc' });

/**
 * Returns the n-th anniversary of an instant (negative: before it), always counted from the anchor and never from the
 * anniversary before: 31 January has its first on the last day of February and its second on 31 March again. In UTC, so no
 * daylight saving shift moves it.
 * @throws RangeError when the anchor is no instant
 */
export const anniversary = (anchor: string, { billingCycle, intervalCount }: Cadence, n: number): string =>
  utc(anchor)
    .plus(steps[billingCycle](n * intervalCount))
    .toJSDate()
    .toISOString();

/** Returns the period between two anniversaries in a row: the n-th and the next. */
export const periodOf = (anchor: string, cadence: Cadence, n: number): Period => ({
  start: anniversary(anchor, cadence, n),
  end: anniversary(anchor, cadence, n + 1),
});

/** The date of an instant in UTC, `2026-01-31`. */
export const dateOf = (instant: string): string => instant.slice(0, 10);

/** The dates of a period as people write them: the first and the last day (C-26). */
export const datesOf = ({ start, end }: Period): { readonly first: string; readonly last: string } => {
  const lastDay = DateTime.max(utc(start), utc(end).minus({ days: 1 }));
  return { first: dateOf(start), last: dateOf(lastDay.toJSDate().toISOString()) };
};

/** Whole days between the dates of two instants, whatever their times of day (C-54). */
export const calendarDays = (from: string, to: string): number =>
  utc(to).startOf('day').diff(utc(from).startOf('day'), 'days').days;

/** The earlier of two instants. */
export const earlier = (a: string, b: string): string => (Date.parse(a) <= Date.parse(b) ? a : b);

/** Whether an instant has come. */
export const hasCome = (instant: string, now: string): boolean => Date.parse(instant) <= Date.parse(now);
