import { hours, minutes } from '../shared/instants.js';
import type { Allocation, Money, OrderItem } from '../shared/values.js';
import type { CancellationReason } from './order.messages.js';

/** Charges per order, over all its payments, the first included. */
export const MAX_ATTEMPTS = 3;
/** How long a reservation may take before somebody should look (ms, O-03). */
export const RESERVATION_WATCH_MS = minutes(1);
/** How long a fraud review may take when Fraud Detection names no deadline (ms, R-46). */
export const REVIEW_MS = hours(24);
/** How long the stock of an order outlives the next charge (ms, R-12). */
export const HOLD_MARGIN_MS = minutes(5);
/** Longer than any hold can still last: ends the wait for another payment method should the hold not do so (ms, O-16). */
export const HOLD_BACKSTOP_MS = hours(24);
/** From the complete payment to the first dispatch (ms, R-70). */
export const FULFILMENT_SLA_MS = hours(24);

/** Days that the customer is told a refund takes. */
export const refundDays = (reason: CancellationReason): number => (reason === 'OUT_OF_STOCK' ? 3 : 5);

interface Priced {
  readonly items: readonly OrderItem[];
  readonly subtotal: Money;
  readonly discount: Money;
  readonly tax: Money;
  readonly shipping: Money;
  readonly totalAmount: Money;
}

/** The order policy of O-03: something is bought, in one currency, for a price above zero whose parts add up. */
export function addsUp({ items, subtotal, discount, tax, shipping, totalAmount }: Priced): boolean {
  const amounts = [
    subtotal,
    discount,
    tax,
    shipping,
    totalAmount,
    ...items.flatMap((i) => [i.unitPrice, i.totalPrice]),
  ];
  return (
    items.length > 0 &&
    amounts.every(({ amount, currency }) => amount >= 0 && currency === totalAmount.currency) &&
    items.every((item) => item.totalPrice.amount === item.unitPrice.amount * item.quantity) &&
    subtotal.amount === items.reduce((sum, item) => sum + item.totalPrice.amount, 0) &&
    totalAmount.amount === subtotal.amount - discount.amount + tax.amount + shipping.amount &&
    totalAmount.amount > 0
  );
}

/** Whether the held stock covers every line; a line may be split over warehouses, a product over lines (O-04). */
export function everyLineHeld(items: readonly OrderItem[], allocations: readonly Allocation[]): boolean {
  const missing = new Map<string, number>();
  for (const { productId, quantity } of items) missing.set(productId, (missing.get(productId) ?? 0) + quantity);
  for (const { productId, quantity } of allocations) missing.set(productId, (missing.get(productId) ?? 0) - quantity);
  return [...missing.values()].every((quantity) => quantity <= 0);
}

/** Whether two amounts are the same money. */
export const isSameMoney = (a: Money, b: Money): boolean => a.amount === b.amount && a.currency === b.currency;

/** The allocations of each warehouse, in the order of their ids: one shipment each (G-14). */
export function byWarehouse(allocations: readonly Allocation[]): ReadonlyMap<string, readonly Allocation[]> {
  const groups = new Map<string, Allocation[]>();
  const ids = [...new Set(allocations.map((one) => one.warehouseId))].sort();
  for (const id of ids) groups.set(id, []);
  for (const one of allocations) groups.get(one.warehouseId)?.push(one);
  return groups;
}
