const dayMs = 86_400_000;
/** 2024-01-01, a Monday that everybody can look up. */
const firstDay = 19_723;
const years = 40;

interface Day {
  readonly day: number;
  readonly monthsSinceStart: number;
  readonly isLastOfMonth: boolean;
}

const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Every day from 2024 on, one by one: a calendar as one would write it on paper, without any library. */
const days: readonly Day[] = Array.from({ length: years }, (_, index) => 2024 + index).flatMap((year, yearIndex) =>
  lengths.flatMap((length, month) => {
    const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    const last = month === 1 && isLeap ? 29 : length;
    return Array.from({ length: last }, (_, index) => ({
      day: index + 1,
      monthsSinceStart: 12 * yearIndex + month,
      isLastOfMonth: index + 1 === last,
    }));
  }),
);

const monthsOf = { monthly: 1, quarterly: 3, annual: 12 } as const;

/** A rhythm, in the words of a plan. */
export interface Rhythm {
  readonly billingCycle: 'daily' | 'weekly' | keyof typeof monthsOf;
  readonly intervalCount: number;
}

/**
 * The n-th anniversary of an instant (ms, UTC), found by turning the pages of the calendar: the same day of the month, or the
 * last one where the month is shorter.
 * @throws RangeError beyond the pages
 */
export function pageOf(anchor: number, { billingCycle, intervalCount }: Rhythm, n: number): number {
  const start = Math.floor(anchor / dayMs) - firstDay;
  const timeOfDay = anchor - (start + firstDay) * dayMs;
  if (billingCycle === 'daily') return anchor + n * intervalCount * dayMs;
  if (billingCycle === 'weekly') return anchor + n * intervalCount * 7 * dayMs;
  const from = pageAt(start);
  const month = from.monthsSinceStart + n * intervalCount * monthsOf[billingCycle];
  const direction = n < 0 ? -1 : 1;
  for (let index = start; ; index += direction) {
    const page = pageAt(index);
    if (page.monthsSinceStart !== month) continue;
    const isTheDay = page.day === from.day || (page.isLastOfMonth && page.day < from.day);
    if (isTheDay) return (index + firstDay) * dayMs + timeOfDay;
  }
}

function pageAt(index: number): Day {
  const page = days[index];
  if (!page) throw new RangeError(`the calendar has no page ${index}`);
  return page;
}

/** Whole seconds from one instant to another, counted one by one, but for whole days. */
function count(from: number, to: number): number {
  let counted = 0;
  for (let second = Math.floor(from / 1000); second < Math.floor(to / 1000); ) {
    const step = second + 86_400 <= Math.floor(to / 1000) ? 86_400 : 1;
    counted += step;
    second += step;
  }
  return counted;
}

/** What the rest of a stretch of time is worth at an instant: by the second, the odd unit to the larger remainder, the past first. */
export function restOf(amount: number, start: number, end: number, at: number): number {
  const rest = count(Math.max(start, at), end);
  const all = count(start, end);
  if (all === 0) return 0;
  const share = (BigInt(amount) * BigInt(rest)) / BigInt(all);
  const remainder = (BigInt(amount) * BigInt(rest)) % BigInt(all);
  return Number(remainder * 2n > BigInt(all) ? share + 1n : share);
}

/** What a discount takes off: whole units only, as many as its percentage surely has. */
export const offOf = (amount: number, percent: number): number => Math.floor((amount * percent) / 100);

/** A share in 1/10,000, rounded half up. */
export const shareOf = (amount: number, basisPoints: number): number =>
  Math.floor((2 * amount * basisPoints + 10_000) / 20_000);
