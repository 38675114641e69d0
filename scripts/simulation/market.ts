import type { MessageData } from '../../machines/index.js';
import type { Outgoing } from '../../machines/shared/message.js';
import { orderNumberOf } from '../../machines/shared/orderNumber.js';
import { DomainError } from '../../src/runtime/errors.js';
import { availableOf, type StockItem } from '../../src/services/inventory/stockItem.js';
import { priceOrder } from '../../src/services/orders/pricing.js';
import { goods } from './lives.js';
import { productId } from './story.js';
import type { MemoryHandler } from './world.js';

/** What the goods of deliveries cost today, minor units; it may rise. */
export class Market {
  readonly prices = new Map<string, number>(goods.map(({ product, price }) => [productId(product), price]));
  readonly quotes: MemoryHandler;
  readonly deliveries: MemoryHandler = { kind: 'handler', handle: ({ data }) => placed(data as Wish) };

  constructor(items: readonly StockItem[]) {
    this.quotes = { kind: 'handler', handle: ({ data }) => this.#quote(data as MessageData<'QuoteDelivery'>, items) };
  }

  raise(): void {
    for (const [product, price] of this.prices) this.prices.set(product, Math.ceil(price * 1.2));
  }

  #quote({ subscriptionId, orderId, currency, items }: MessageData<'QuoteDelivery'>, shelf: readonly StockItem[]) {
    const quotes = items.flatMap(({ productId: product }) => {
      const found = shelf.filter((item) => item.productId === product);
      const [first] = found;
      const amount = this.prices.get(product);
      if (!first || amount === undefined) return [];
      const available = found.reduce((sum, item) => sum + Math.max(0, availableOf(item)), 0);
      const { sku, productName } = first;
      return [{ productId: product, sku, productName, unitPrice: { amount, currency }, available }];
    });
    return [{ type: 'DeliveryQuoted', data: { subscriptionId, orderId, quotes } }];
  }
}

type Wish = MessageData<'PlaceSubscriptionOrder'>;

/** As the deliveries handler does: an ordinary order, or why there is none. */
function placed(wish: Wish): readonly Outgoing[] {
  const { subscriptionId, orderId, customerId, items, shippingAddress, shippingMethod, paymentMethod, checkout } = wish;
  const destination = shippingAddress;
  const [currency, discount] = [wish.subtotal.currency, wish.discount.amount];
  try {
    const quote = priceOrder({ lines: items, currency, discount, destination, shippingMethod });
    const order = { orderId, orderNumber: orderNumberOf(orderId), customerId, ...quote, subscriptionId };
    const sent = { shippingAddress, billingAddress: shippingAddress, shippingMethod, paymentMethod, checkout };
    return [{ type: 'PlaceOrder', data: { ...order, ...sent } }];
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return [{ type: 'SubscriptionOrderRefused', data: { subscriptionId, orderId, failureMessage: error.message } }];
  }
}
