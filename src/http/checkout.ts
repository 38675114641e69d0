import type { Kysely } from 'kysely';
import type { MessageData } from '../../machines/index.js';
import { orderNumberOf } from '../../machines/shared/orderNumber.js';
import type { Database } from '../db/tables.js';
import { priceOrder } from '../services/orders/pricing.js';
import { createBasket } from './basket.js';
import type { PlaceOrderBody } from './orderSchemas.js';
import type { Call } from './route.js';
import { createShoppers, whoOrders } from './shoppers.js';

/** Makes the command that places an order out of what a customer asks for (O-01). */
export type Checkout = (call: Call<unknown, unknown, PlaceOrderBody>) => Promise<MessageData<'PlaceOrder'>>;

/** Builds the checkout of a process; orders that come together share the reading of products and customers. */
export function createCheckout(db: Kysely<Database>): Checkout {
  const basket = createBasket(db);
  const shopperOf = createShoppers(db);

  return async (call) => {
    const { body, resourceId } = call;
    const [shopper, lines] = await Promise.all([
      body.customerId ? shopperOf(body.customerId) : null,
      basket(body.items, body.currency),
    ]);
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
      checkout: whoOrders(call, shopper),
    };
  };
}
