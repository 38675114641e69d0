import type { FlowmartReceived } from '../../../machines/index.js';
import type { MessagesFor } from '../../../queues/topology.js';
import type { Handled, Handler, Trx } from '../../runtime/ports.js';
import { type ProductView, productsByIds } from './queries.js';

type Question = FlowmartReceived<MessagesFor<'quotes'>>;

/**
 * Says what the products of due deliveries cost today, and how many can be had. A product that is not sold any more, or not in
 * that currency, is left out; stock is only looked at, for the order that follows holds it.
 */
export const quotes: Handler<MessagesFor<'quotes'>> = {
  kind: 'handler',
  async handle(trx: Trx, messages: readonly Question[]): Promise<Handled[]> {
    const byCurrency = new Map<string, Map<string, ProductView>>();
    for (const currency of new Set(messages.map(({ data }) => data.currency))) {
      const ids = messages.filter(({ data }) => data.currency === currency).flatMap(({ data }) => data.items);
      byCurrency.set(currency, await productsByIds(trx, [...new Set(ids.map(({ productId }) => productId))], currency));
    }
    return messages.map(({ data: { subscriptionId, orderId, currency, items } }) => {
      const products = byCurrency.get(currency);
      const found = items.flatMap(({ productId }) => quoteOf(products?.get(productId)));
      return { emit: [{ type: 'DeliveryQuoted', data: { subscriptionId, orderId, quotes: found } }] };
    });
  },
};

function quoteOf(product: ProductView | undefined): FlowmartReceived<'DeliveryQuoted'>['data']['quotes'] {
  if (!product?.isActive || product.price === null) return [];
  const { productId, sku, name: productName, price: unitPrice, stockQuantity } = product;
  return [{ productId, sku, productName, unitPrice, available: Math.max(0, stockQuantity) }];
}
