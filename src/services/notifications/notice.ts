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

/** Turns a message into what people are told of it: nothing (null), one thing, or something for each of several. */
export type Template<N extends Cause['type']> = (
  message: Extract<Cause, { type: N }>,
  reader: Reader,
) => Notice | readonly Notice[] | null;

const fallbackLocale = 'en-US';

function supported(locale: string | null): string {
  try {
    return Intl.getCanonicalLocales(locale ?? fallbackLocale)[0] ?? fallbackLocale;
  } catch {
    return fallbackLocale;
  }
}

/** Customers name their locales themselves: more than this many kinds are not worth keeping. */
const keptFormatters = 500;

/** Making a formatter costs far more than using it. */
function kept<T>(make: (locale: string, detail: string) => T): (locale: string | null, detail?: string) => T {
  const made = new Map<string, T>();
  return (locale, detail = '') => {
    const key = `${locale ?? ''}/${detail}`;
    let formatter = made.get(key);
    if (formatter === undefined) {
      formatter = make(supported(locale), detail);
      if (made.size >= keptFormatters) made.clear();
      made.set(key, formatter);
    }
    return formatter;
  };
}

const moneyFormat = kept((locale, currency) => {
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency });
  return { format, unit: 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2) };
});
const numberFormat = kept((locale) => new Intl.NumberFormat(locale));
const dayFormat = kept((locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }));
const timeFormat = kept(
  (locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }),
);

/** An amount as its reader writes money; the currency's own number of digits. */
export function writeMoney({ amount, currency }: Money, locale: string | null): string {
  const { format, unit } = moneyFormat(locale, currency);
  return format.format(amount / unit);
}

/** A number as its reader writes it. */
export const writeNumber = (number: number, locale: string | null): string => numberFormat(locale).format(number);

/** A day as its reader writes dates (UTC). */
export const writeDay = (instant: string, locale: string | null): string => dayFormat(locale).format(new Date(instant));

/** A day and a time as its reader writes them (UTC, and it says so). */
export const writeTime = (instant: string, locale: string | null): string =>
  `${timeFormat(locale).format(new Date(instant))} UTC`;
