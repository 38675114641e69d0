import type { Delivery } from '../../machines/subscription/subscription.values.js';
import { priceOrder } from '../services/orders/pricing.js';
import type { Basket, Item } from './basket.js';

/**
 * Looks up what a delivery is to bring, at today's prices, which an order for it must be able to have: what cannot be ordered
 * would be left out again and again.
 * @throws HttpProblem UNKNOWN_PRODUCT, PRICE_MISMATCH, UNSUPPORTED_CURRENCY
 * @throws DomainError UNSUPPORTED_COUNTRY, UNSUPPORTED_CURRENCY, ORDER_TOO_LARGE
 */
export async function deliveryItems(
  basket: Basket,
  items: readonly Item[],
  { currency, shippingAddress, shippingMethod }: Pick<Delivery, 'currency' | 'shippingAddress' | 'shippingMethod'>,
): Promise<Delivery['items']> {
  const lines = await basket(items, currency);
  priceOrder({ lines, currency, destination: shippingAddress, shippingMethod });
  return lines.map(({ productId, quantity, unitPrice }) => ({ productId, quantity, agreedUnitPrice: unitPrice }));
}
