import type { FlowmartReceived } from '../../../machines/index.js';
import type { Money } from '../../../machines/shared/values.js';
import type { MessagesFor } from '../../../queues/topology.js';

/** Every message that people are told about. */
export type Cause = FlowmartReceived<MessagesFor<'notifications'>>;

/** What is known of the person a notice is for; all null for a guest. */
export interface Reader {
  readonly firstName: string | null;
  /** BCP 47; decides how money and dates are written. */
  readonly locale: string | null;
}

/** A notice before it is stored: who gets it, how urgent it is, and its words. */
export interface Notice {
  readonly templateId: string;
  readonly priority: 'HIGH' | 'NORMAL' | 'LOW';
  /** `operations` for our own people. */
  readonly audience: 'customer' | 'operations';
  readonly customerId: string | null;
  /** Whom a guest's notice is filed under. */
  readonly orderId: string | null;
  /** Ids that the text speaks of, for programs. */
  readonly data: Readonly<Record<string, string>>;
  readonly title: string;
  readonly body: string;
}

const fallbackLocale = 'en-US';

function supported(locale: string | null): string {
  try {
    return Intl.getCanonicalLocales(locale ?? fallbackLocale)[0] ?? fallbackLocale;
  } catch {
    return fallbackLocale;
  }
}

/** An amount as its reader writes money; the currency's own number of digits. */
export function writeMoney({ amount, currency }: Money, locale: string | null): string {
  const format = new Intl.NumberFormat(supported(locale), { style: 'currency', currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

/** A day as its reader writes dates (UTC). */
export function writeDay(instant: string, locale: string | null): string {
  return new Intl.DateTimeFormat(supported(locale), { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(instant));
}

/** A day and a time as its reader writes them (UTC, and it says so). */
export function writeTime(instant: string, locale: string | null): string {
  const format = new Intl.DateTimeFormat(supported(locale), { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return `${format.format(new Date(instant))} UTC`;
}
