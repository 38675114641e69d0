import { taxRateAt } from '../../../machines/shared/taxRates.js';
import type { Address, Money, OrderItem } from '../../../machines/shared/values.js';
import { DomainError } from '../../runtime/errors.js';
import { type ShippingMethod, shippingPrice } from './shippingRates.js';

/** The largest total of an order, minor units: the most that a card provider takes in one charge. */
export const maxOrderTotal = 99_999_999;

/** One line to be priced, with what the catalogue says of its product. */
export interface Line {
  readonly productId: string;
  readonly sku: string;
  readonly productName: string;
  readonly unitPrice: Money;
  readonly quantity: number;
}

/** What an order costs. */
export interface Quote {
  readonly items: OrderItem[];
  readonly subtotal: Money;
  readonly discount: Money;
  readonly tax: Money;
  readonly shipping: Money;
  readonly totalAmount: Money;
}

/**
 * Prices an order: goods at catalogue prices, delivery and tax from the tables (G-16, R-57). Both count what the goods cost
 * after the discount; tax is rounded half up once per order, so that nothing is lost in splitting it over lines.
 * @throws DomainError UNSUPPORTED_COUNTRY, UNSUPPORTED_CURRENCY (G-15), ORDER_TOO_LARGE
 */
export function priceOrder(order: {
  readonly lines: readonly Line[];
  readonly currency: string;
  /** Off the goods, minor units; 0 when it is not given. */
  readonly discount?: number;
  readonly destination: Address;
  readonly shippingMethod: ShippingMethod;
}): Quote {
  const { lines, currency, discount = 0, destination, shippingMethod } = order;
  const money = (amount: number): Money => ({ amount, currency });
  const rate = taxRateAt(destination);
  if (rate === null)
    throw new DomainError('UNSUPPORTED_COUNTRY', `FlowMart does not deliver to ${destination.country}.`);

  const items = lines.map(({ productId, sku, productName, quantity, unitPrice }) => {
    const totalPrice = money(unitPrice.amount * quantity);
    return { productId, sku, productName, quantity, unitPrice, totalPrice };
  });
  const foreign = items.find((item) => item.unitPrice.currency !== currency);
  const subtotal = items.reduce((sum, item) => sum + item.totalPrice.amount, 0);
  const goods = subtotal - discount;
  const shipping = shippingPrice(currency, shippingMethod, goods);
  if (shipping === null || foreign)
    throw new DomainError('UNSUPPORTED_CURRENCY', `FlowMart does not sell in ${currency}.`);

  // Far beyond the bound integers are no longer exact, and the total is refused all the same.
  const tax = Math.floor((goods * rate + 5_000) / 10_000);
  const total = goods + tax + shipping;
  if (total > maxOrderTotal) {
    throw new DomainError('ORDER_TOO_LARGE', 'The order is larger than one payment can be; split it.');
  }
  return {
    items,
    subtotal: money(subtotal),
    discount: money(discount),
    tax: money(tax),
    shipping: money(shipping),
    totalAmount: money(total),
  };
}
