import { basisPointsOf } from './allocate.js';

/** Per currency, minor units; Stripe refuses less (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). */
const smallestCharges: Readonly<Record<string, number>> = { EUR: 50, GBP: 30, JPY: 50, USD: 50 };

/** The least that can be charged at once in a currency, tax included, minor units; one where nobody knows of a minimum. */
export const smallestCharge = (currency: string): number =>
  Object.hasOwn(smallestCharges, currency) ? (smallestCharges[currency] as number) : 1;

/** The least amount before tax, in minor units, that comes to the smallest charge of its currency with its tax. */
export function smallestSubtotal(currency: string, taxBasisPoints: number): number {
  const least = smallestCharge(currency);
  const withTax = (amount: number): number => amount + basisPointsOf(amount, taxBasisPoints);
  let subtotal = least;
  while (withTax(subtotal - 1) >= least) subtotal -= 1;
  return subtotal;
}
