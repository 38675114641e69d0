import type { Kysely } from 'kysely';
import type { CheckoutContext } from '../../machines/subscription/subscription.values.js';
import type { Database } from '../db/tables.js';
import { type CheckoutFacts, checkoutFacts, hourlyOrders } from './checkoutFacts.js';
import { grouped } from './grouped.js';
import type { CheckoutInput } from './orderSchemas.js';
import { authorise } from './principal.js';
import { problem } from './problem.js';
import type { Call } from './route.js';

/**
 * Looks up who wants to buy.
 * @throws HttpProblem UNKNOWN_CUSTOMER, RATE_LIMITED
 */
export type Shoppers = (customerId: string) => Promise<CheckoutFacts>;

/** Builds the look-up of a process; requests that come together share it. */
export function createShoppers(db: Kysely<Database>): Shoppers {
  const factsOf = grouped<string, CheckoutFacts | null>((ids) => checkoutFacts(db, ids));
  return async (customerId) => {
    const facts = await factsOf(customerId);
    if (!facts) {
      throw problem('UNKNOWN_CUSTOMER', 'There is no such customer.', {
        errors: [{ in: 'body', pointer: '/customerId', detail: 'no such customer' }],
      });
    }
    if (facts.retryAfterSeconds > 0) {
      const detail = `A customer may place ${hourlyOrders} orders in an hour.`;
      throw problem('RATE_LIMITED', detail, {}, { 'Retry-After': String(facts.retryAfterSeconds) });
    }
    return facts;
  };
}

/**
 * What fraud detection may know of whoever orders: what their shop declares, else what the request shows.
 * @param shopper null for a guest
 * @throws HttpProblem FORBIDDEN when the caller may not declare
 */
export function whoOrders(
  { principal, ip, body }: Call<unknown, unknown, { readonly checkout?: CheckoutInput | undefined }>,
  shopper: CheckoutFacts | null,
): CheckoutContext {
  const { checkout } = body;
  if (checkout) authorise(principal, 'checkout:declare');
  return {
    ipAddress: checkout?.ipAddress ?? ip.replace(/^::ffff:/, ''),
    ...(checkout?.deviceId === undefined ? {} : { deviceId: checkout.deviceId }),
    previousOrders: shopper?.previousOrders ?? 0,
    customerSince: shopper?.customerSince ?? null,
  };
}
