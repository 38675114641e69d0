import { expect } from 'chai';
import fc from 'fast-check';
import {
  anniversary,
  billingCycles,
  type Cadence,
  calendarDays,
  dateOf,
  datesOf,
  periodOf,
} from '../../machines/shared/calendar.js';
import { days } from '../../machines/shared/instants.js';

const every = (intervalCount: number, billingCycle: Cadence['billingCycle']): Cadence => ({
  billingCycle,
  intervalCount,
});
const monthly = every(1, 'monthly');
const annual = every(1, 'annual');

/** The dates of the first anniversaries. */
const dates = (anchor: string, cadence: Cadence, count: number): string[] =>
  Array.from({ length: count }, (_, n) => dateOf(anniversary(anchor, cadence, n)));

/** Counts the days of a month by walking them. */
function daysInMonth(year: number, month: number): number {
  let day = 28;
  while (new Date(Date.UTC(year, month, day + 1)).getUTCMonth() === ((month % 12) + 12) % 12) day += 1;
  return day;
}

/** Anniversaries without the library: days are days, months are counted on a calendar and cut to the month's length. */
function oracle(anchor: string, { billingCycle, intervalCount }: Cadence, n: number): string {
  const start = new Date(anchor);
  const steps = n * intervalCount;
  if (billingCycle === 'daily') return new Date(start.getTime() + days(steps)).toISOString();
  if (billingCycle === 'weekly') return new Date(start.getTime() + days(7 * steps)).toISOString();
  const months = start.getUTCMonth() + steps * { monthly: 1, quarterly: 3, annual: 12 }[billingCycle];
  const year = start.getUTCFullYear() + Math.floor(months / 12);
  const month = ((months % 12) + 12) % 12;
  const day = Math.min(start.getUTCDate(), daysInMonth(year, month));
  const time = start.getTime() % days(1);
  return new Date(Date.UTC(year, month, day) + time).toISOString();
}

const anchors = fc
  .date({ min: new Date('2015-01-01T00:00:00Z'), max: new Date('2035-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const cadences = fc.record({
  billingCycle: fc.constantFrom(...billingCycles),
  intervalCount: fc.integer({ min: 1, max: 12 }),
});

describe('the calendar', () => {
  it('moves 31 January to the last day of February and back to 31 March', () => {
    expect(dates('2026-01-31T10:00:00.000Z', monthly, 5)).to.deep.equal([
      '2026-01-31',
      '2026-02-28',
      '2026-03-31',
      '2026-04-30',
      '2026-05-31',
    ]);
  });

  it('knows 29 February in a leap year', () => {
    expect(dates('2028-01-30T10:00:00.000Z', monthly, 3)).to.deep.equal(['2028-01-30', '2028-02-29', '2028-03-30']);
  });

  it('has the anniversary of 29 February on the 28th until the next leap year', () => {
    expect(dates('2024-02-29T00:00:00.000Z', annual, 5)).to.deep.equal([
      '2024-02-29',
      '2025-02-28',
      '2026-02-28',
      '2027-02-28',
      '2028-02-29',
    ]);
  });

  it('counts quarters, and intervals of several', () => {
    expect(dates('2025-11-30T00:00:00.000Z', every(1, 'quarterly'), 3)).to.deep.equal([
      '2025-11-30',
      '2026-02-28',
      '2026-05-30',
    ]);
    expect(dates('2026-01-31T00:00:00.000Z', every(2, 'monthly'), 3)).to.deep.equal([
      '2026-01-31',
      '2026-03-31',
      '2026-05-31',
    ]);
    expect(dates('2026-02-26T00:00:00.000Z', every(3, 'daily'), 2)).to.deep.equal(['2026-02-26', '2026-03-01']);
    expect(dates('2026-02-26T00:00:00.000Z', every(6, 'weekly'), 2)).to.deep.equal(['2026-02-26', '2026-04-09']);
  });

  it('keeps the time of day through daylight saving shifts, wherever the server stands', () => {
    const { TZ } = process.env;
    try {
      for (const zone of ['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Pacific/Apia']) {
        process.env.TZ = zone;
        expect(anniversary('2026-02-28T02:30:00.000Z', monthly, 1)).to.equal('2026-03-28T02:30:00.000Z');
        expect(anniversary('2026-03-07T02:30:00.000Z', every(1, 'daily'), 1)).to.equal('2026-03-08T02:30:00.000Z');
        expect(anniversary('2025-10-31T23:59:59.999Z', monthly, 1)).to.equal('2025-11-30T23:59:59.999Z');
        expect(calendarDays('2026-03-28T23:00:00.000Z', '2026-03-30T01:00:00.000Z')).to.equal(2);
      }
    } finally {
      if (TZ === undefined) delete process.env.TZ;
      else process.env.TZ = TZ;
    }
  });

  it('agrees with counting on a calendar, before and after the anchor', () => {
    fc.assert(
      fc.property(anchors, cadences, fc.integer({ min: -40, max: 60 }), (anchor, cadence, n) => {
        expect(anniversary(anchor, cadence, n)).to.equal(oracle(anchor, cadence, n));
      }),
      { numRuns: 500 },
    );
  });

  it('makes periods that touch, never overlap and never shrink to nothing', () => {
    fc.assert(
      fc.property(anchors, cadences, fc.integer({ min: -20, max: 40 }), (anchor, cadence, n) => {
        const period = periodOf(anchor, cadence, n);
        expect(period.end).to.equal(periodOf(anchor, cadence, n + 1).start);
        expect(Date.parse(period.end)).to.be.at.least(Date.parse(period.start) + days(1));
      }),
    );
  });

  it('never forgets the day of the anchor', () => {
    fc.assert(
      fc.property(anchors, fc.integer({ min: 0, max: 48 }), (anchor, n) => {
        const due = new Date(anniversary(anchor, monthly, n));
        const lastDay = daysInMonth(due.getUTCFullYear(), due.getUTCMonth());
        expect(due.getUTCDate()).to.equal(Math.min(new Date(anchor).getUTCDate(), lastDay));
      }),
    );
  });

  it('refuses an anchor that is no instant', () => {
    expect(() => anniversary('soon', monthly, 1)).to.throw(RangeError);
  });

  it('shows a half-open period by its first and last day (C-26)', () => {
    const period = periodOf('2024-04-15T09:00:00.000Z', monthly, 0);
    expect(datesOf(period)).to.deep.equal({ first: '2024-04-15', last: '2024-05-14' });
    expect(datesOf({ start: '2024-04-15T09:00:00.000Z', end: '2024-04-15T18:00:00.000Z' })).to.deep.equal({
      first: '2024-04-15',
      last: '2024-04-15',
    });
  });

  it('counts days by their dates, not by hours (C-54)', () => {
    expect(calendarDays('2024-03-10T23:59:00.000Z', '2024-05-15T00:01:00.000Z')).to.equal(66);
  });
});
