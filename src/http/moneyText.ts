import type { Money } from '../../machines/shared/values.js';

const formats = new Map<string, Intl.NumberFormat>();

/** `{ amount: 13497, currency: 'USD' }` as `$134.97`. */
export function moneyText({ amount, currency }: Money): string {
  const format = formats.get(currency) ?? new Intl.NumberFormat('en', { style: 'currency', currency });
  formats.set(currency, format);
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}
