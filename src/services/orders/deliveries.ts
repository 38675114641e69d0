import type { FlowmartReceived } from '../../../machines/index.js';
import { orderNumberOf } from '../../../machines/shared/orderNumber.js';
import type { MessagesFor } from '../../../queues/topology.js';
import { DomainError } from '../../runtime/errors.js';
import type { Handled, Handler, Trx } from '../../runtime/ports.js';
import { priceOrder } from './pricing.js';

type Wish = FlowmartReceived<MessagesFor<'deliveries'>>;

/**
 * Makes an ordinary order out of a due delivery of a subscription: numbers it, adds shipping and tax, and places it. One that
 * cannot be priced is not placed, and the subscription hears why.
 */
export const deliveries: Handler<MessagesFor<'deliveries'>> = {
  kind: 'handler',
  handle: async (_trx: Trx, messages: readonly Wish[]): Promise<Handled[]> => messages.map(({ data }) => place(data)),
};

function place(wish: Wish['data']): Handled {
  const { subscriptionId, orderId, customerId, items, shippingAddress, shippingMethod, paymentMethod, checkout } = wish;
  try {
    const quote = priceOrder({
      lines: items,
      currency: wish.subtotal.currency,
      discount: wish.discount.amount,
      destination: shippingAddress,
      shippingMethod,
    });
    const order = {
      orderId,
      orderNumber: orderNumberOf(orderId),
      customerId,
      ...quote,
      shippingAddress,
      billingAddress: shippingAddress,
      shippingMethod,
      paymentMethod,
      checkout,
      subscriptionId,
    };
    return { emit: [{ type: 'PlaceOrder', data: order }] };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return {
      emit: [{ type: 'SubscriptionOrderRefused', data: { subscriptionId, orderId, failureMessage: error.message } }],
    };
  }
}
