import type { Kysely } from 'kysely';
import type { MessageData } from '../../machines/index.js';
import { orderNumberOf } from '../../machines/shared/orderNumber.js';
import type { Database } from '../db/tables.js';
import { type ProductView, productsByIds } from '../services/inventory/queries.js';
import { type Line, priceOrder } from '../services/orders/pricing.js';
import { type CheckoutFacts, checkoutFacts, hourlyOrders } from './checkoutFacts.js';
import { grouped } from './grouped.js';
import type { PlaceOrderBody } from './orderSchemas.js';
import { authorise } from './principal.js';
import { problem, type RequestError } from './problem.js';
import type { Call } from './route.js';

/** Makes the command that places an order out of what a customer asks for (O-01). */
export type Checkout = (call: Call<unknown, unknown, PlaceOrderBody>) => Promise<MessageData<'PlaceOrder'>>;

type Item = PlaceOrderBody['items'][number];

/** Builds the checkout of a process; orders that come together share the reading of products and customers. */
export function createCheckout(db: Kysely<Database>): Checkout {
  const productsOf = grouped<Wanted, readonly (ProductView | undefined)[]>((wanted) => readProducts(db, wanted));
  const factsOf = grouped<string, CheckoutFacts | null>((ids) => checkoutFacts(db, ids));

  return async ({ body, resourceId, ip, principal }) => {
    if (body.checkout) authorise(principal, 'checkout:declare');
    const items = mergeLines(body.items);
    const [products, facts] = await Promise.all([
      productsOf({ currency: body.currency, productIds: items.map(({ productId }) => productId) }),
      body.customerId ? factsOf(body.customerId) : null,
    ]);
    if (body.customerId) checkCustomer(facts);
    const lines = linesOf(items, products, body.currency);
    checkPrices(body.items, lines);
    const { currency, shippingAddress, shippingMethod } = body;
    const quote = priceOrder({ lines, currency, destination: shippingAddress, shippingMethod });
    return {
      orderId: resourceId,
      orderNumber: orderNumberOf(resourceId),
      customerId: body.customerId ?? null,
      ...quote,
      shippingAddress,
      billingAddress: body.billingAddress ?? shippingAddress,
      shippingMethod,
      paymentMethod: body.payment.method,
      checkout: {
        ipAddress: body.checkout?.ipAddress ?? ip.replace(/^::ffff:/, ''),
        ...(body.checkout?.deviceId === undefined ? {} : { deviceId: body.checkout.deviceId }),
        previousOrders: facts?.previousOrders ?? 0,
        customerSince: facts?.customerSince ?? null,
      },
    };
  };
}

interface Wanted {
  readonly currency: string;
  readonly productIds: readonly string[];
}

async function readProducts(db: Kysely<Database>, wanted: readonly Wanted[]): Promise<(ProductView | undefined)[][]> {
  const currencies = [...new Set(wanted.map(({ currency }) => currency))];
  const byCurrency = new Map(
    await Promise.all(
      currencies.map(async (currency) => {
        const ids = wanted.filter((one) => one.currency === currency).flatMap(({ productIds }) => productIds);
        return [currency, await productsByIds(db, [...new Set(ids)], currency)] as const;
      }),
    ),
  );
  return wanted.map(({ currency, productIds }) => productIds.map((id) => byCurrency.get(currency)?.get(id)));
}

/** A product that stands on several lines becomes one line. */
function mergeLines(items: readonly Item[]): Item[] {
  const merged = new Map<string, Item>();
  for (const item of items) {
    const before = merged.get(item.productId);
    merged.set(item.productId, before ? { ...before, quantity: before.quantity + item.quantity } : item);
  }
  return [...merged.values()];
}

function checkCustomer(facts: CheckoutFacts | null): void {
  if (!facts) {
    throw problem('UNKNOWN_CUSTOMER', 'There is no such customer.', {
      errors: [{ in: 'body', pointer: '/customerId', detail: 'no such customer' }],
    });
  }
  if (facts.retryAfterSeconds > 0) {
    const detail = `A customer may place ${hourlyOrders} orders in an hour.`;
    throw problem('RATE_LIMITED', detail, {}, { 'Retry-After': String(facts.retryAfterSeconds) });
  }
}

function linesOf(items: readonly Item[], products: readonly (ProductView | undefined)[], currency: string): Line[] {
  const lines: Line[] = [];
  const unknown: string[] = [];
  const unpriced: string[] = [];
  for (const [index, { productId, quantity }] of items.entries()) {
    const product = products[index];
    if (!product?.isActive) unknown.push(productId);
    else if (!product.price) unpriced.push(productId);
    else lines.push({ productId, sku: product.sku, productName: product.name, unitPrice: product.price, quantity });
  }
  if (unknown.length > 0) {
    throw problem('UNKNOWN_PRODUCT', `Not for sale: ${unknown.join(', ')}.`, { details: { productIds: unknown } });
  }
  if (unpriced.length > 0) {
    throw problem('UNSUPPORTED_CURRENCY', `Without a price in ${currency}: ${unpriced.join(', ')}.`, {
      details: { productIds: unpriced },
    });
  }
  return lines;
}

/** A price that the customer saw must be ours: nobody pays another price than the one they agreed to. */
function checkPrices(items: readonly Item[], lines: readonly Line[]): void {
  const ours = new Map(lines.map(({ productId, unitPrice }) => [productId, unitPrice]));
  const errors = items.flatMap(({ productId, price }, index): RequestError[] => {
    const unitPrice = ours.get(productId);
    if (!price || !unitPrice || (price.amount === unitPrice.amount && price.currency === unitPrice.currency)) return [];
    return [
      {
        in: 'body',
        pointer: `/items/${index}/price`,
        detail: `is ${unitPrice.amount} ${unitPrice.currency} (minor units)`,
      },
    ];
  });
  if (errors.length > 0) throw problem('PRICE_MISMATCH', 'At least one price has changed; see errors.', { errors });
}
