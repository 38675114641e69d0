/** Returns the instant `ms` milliseconds after another one (UTC ISO 8601). */
export const later = (instant: string, ms: number): string => new Date(Date.parse(instant) + ms).toISOString();

/** Returns the milliseconds from one instant to another, never less than zero: the delay of a timer. */
export const msBetween = (from: string, to: string): number => Math.max(0, Date.parse(to) - Date.parse(from));

export const seconds = (n: number): number => n * 1000;
export const minutes = (n: number): number => n * 60_000;
export const hours = (n: number): number => n * 3_600_000;
export const days = (n: number): number => n * 86_400_000;
