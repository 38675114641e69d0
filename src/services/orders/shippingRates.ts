export type ShippingMethod = 'standard' | 'express';

interface ShippingRate {
  readonly standard: number;
  readonly express: number;
  /** Standard delivery costs nothing from this subtotal on. */
  readonly freeFrom: number;
}

/** What delivery costs, in minor units of each currency that FlowMart sells in (G-16, R-90); a yen has no minor unit. */
const rates: Readonly<Record<string, ShippingRate>> = {
  EUR: { standard: 499, express: 1499, freeFrom: 5000 },
  GBP: { standard: 399, express: 1199, freeFrom: 4000 },
  JPY: { standard: 600, express: 1800, freeFrom: 6000 },
  USD: { standard: 499, express: 1499, freeFrom: 5000 },
};

/** The currencies that FlowMart sells in. */
export const sellingCurrencies: readonly string[] = Object.keys(rates);

/** The price of delivering goods of this value (both in minor units), or null in a currency that FlowMart does not sell in. */
export function shippingPrice(currency: string, method: ShippingMethod, subtotal: number): number | null {
  const rate = Object.hasOwn(rates, currency) ? rates[currency] : undefined;
  if (!rate) return null;
  return method === 'standard' && subtotal >= rate.freeFrom ? 0 : rate[method];
}
