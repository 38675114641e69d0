import { invalidRequest } from './stripeError.js';

const knownCurrencies = new Set(Intl.supportedValuesOf('currency').map((code) => code.toLowerCase()));
const threeDecimals = ['bhd', 'jod', 'kwd', 'omr', 'tnd'];
/** They lost their decimals, but Stripe still counts them in hundredths. */
const wholeHundreds = ['isk', 'ugx'];
const smallestCharge: Record<string, number> = { usd: 50, eur: 50, gbp: 30, cad: 50, chf: 50, jpy: 50 };
const largestAmount = 99_999_999;

/** Checks a charge's amount and currency by Stripe's rules, and returns the currency in lower case. */
export function checkAmount(amount: number, currencyParam: string): string {
  const currency = currencyParam.toLowerCase();
  if (!knownCurrencies.has(currency)) throw invalidRequest(`Invalid currency: ${currency}.`, 'currency');
  if (amount < 1) {
    throw invalidRequest('This value must be greater than or equal to 1.', 'amount', 'parameter_invalid_integer');
  }
  if (amount > largestAmount) {
    throw invalidRequest(`Amount must be no more than ${largestAmount} ${currency}`, 'amount', 'amount_too_large');
  }
  if (amount < (smallestCharge[currency] ?? 1)) {
    throw invalidRequest(
      `Amount must be at least ${smallestCharge[currency]} ${currency}`,
      'amount',
      'amount_too_small',
    );
  }
  if (threeDecimals.includes(currency) && amount % 10 !== 0) {
    throw invalidRequest(`Invalid amount. The last digit of ${currency} amounts must be 0.`, 'amount');
  }
  if (wholeHundreds.includes(currency) && amount % 100 !== 0) {
    throw invalidRequest(
      `Invalid amount. Amounts in ${currency} must be evenly divisible by 100.`,
      'amount',
      'invalid_charge_amount_no_decimal_compatible',
    );
  }
  return currency;
}
