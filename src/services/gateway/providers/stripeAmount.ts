/** Currencies without decimals in ISO 4217 that Stripe still counts in hundredths. */
const countedInHundredths = ['ISK', 'UGX'];
/** Has two decimals in ISO 4217 (fifths, in truth) and none at Stripe. */
const countedInWholes = ['MGA'];
/** Stripe takes three decimals but wants the last one to be 0. */
const threeDecimals = ['BHD', 'JOD', 'KWD', 'OMR', 'TND'];

/**
 * Our amount (ISO 4217 minor units) as Stripe counts it: the same integer, JPY included, but for a few currencies.
 * Null when Stripe cannot charge exactly this amount; money is never rounded here.
 */
export function toStripeAmount(amount: number, currency: string): number | null {
  if (countedInHundredths.includes(currency)) return amount * 100;
  if (countedInWholes.includes(currency)) return amount % 100 === 0 ? amount / 100 : null;
  if (threeDecimals.includes(currency)) return amount % 10 === 0 ? amount : null;
  return amount;
}

/** Stripe's amount in ISO 4217 minor units. */
export function fromStripeAmount(amount: number, currency: string): number {
  if (countedInHundredths.includes(currency)) return amount / 100;
  if (countedInWholes.includes(currency)) return amount * 100;
  return amount;
}
