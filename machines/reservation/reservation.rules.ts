import { later, minutes } from '../shared/instants.js';
import type { Allocation, OrderItem } from '../shared/values.js';

/** How long stock is held for a new order (ms, R-10). */
export const HOLD_MS = minutes(15);
/** How long payment retries may hold stock, from the first hold on (ms, R-11). */
export const HOLD_MAX_MS = minutes(30);

/** What has to be held of one product. */
export interface ReservationLine {
  readonly productId: string;
  readonly quantity: number;
}

/** Adds up the items of an order by product, in order of appearance. */
export function linesOf(items: readonly Pick<OrderItem, 'productId' | 'quantity'>[]): ReservationLine[] {
  const quantities = new Map<string, number>();
  for (const { productId, quantity } of items) {
    quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
  }
  return [...quantities].map(([productId, quantity]) => ({ productId, quantity }));
}

/** A hold that is asked to last longer. Instants are UTC ISO 8601. */
interface Extension {
  readonly heldAt: string;
  readonly expiresAt: string;
  readonly until: string;
  readonly cause: 'paymentRetry' | 'fraudReview';
}

/** When an extended hold ends: a payment retry is capped, a fraud review is not; no request shortens a hold. */
export function extendedExpiry({ heldAt, expiresAt, until, cause }: Extension): string {
  const cap = later(heldAt, HOLD_MAX_MS);
  const asked = cause === 'paymentRetry' && Date.parse(until) > Date.parse(cap) ? cap : until;
  return Date.parse(asked) > Date.parse(expiresAt) ? later(asked, 0) : expiresAt;
}

/** The allocations that one parcel takes along (G-14: one shipment per warehouse). */
export const allocationsOf = (warehouseId: string, allocations: readonly Allocation[]): Allocation[] =>
  allocations.filter((allocation) => allocation.warehouseId === warehouseId);

/** The allocations that no shipped parcel took along. */
export const unshipped = (allocations: readonly Allocation[], shippedWarehouses: readonly string[]): Allocation[] =>
  allocations.filter(({ warehouseId }) => !shippedWarehouses.includes(warehouseId));
