/** The four values of the Orders REST API (domain.md 6.2). */
export type RestStatus = 'pending' | 'processing' | 'completed' | 'cancelled';
/** The values of the Order entity (domain.md 5.1). */
export type EntityStatus = 'Pending' | 'Processing' | 'Shipped' | 'Delivered' | 'Cancelled';
/** The values of `orderStatus` in events. */
export type EventStatus = 'pending' | 'confirmed' | 'shipped' | 'delivered' | 'cancelled';

interface OrderViews {
  readonly rest: RestStatus;
  readonly entity: EntityStatus;
  readonly event: EventStatus;
}

/** The views table of domain.md 8.1 (C-13), by the outermost state. */
export const orderViews = {
  pending: { rest: 'pending', entity: 'Pending', event: 'pending' },
  confirmed: { rest: 'pending', entity: 'Pending', event: 'confirmed' },
  paid: { rest: 'processing', entity: 'Processing', event: 'confirmed' },
  fulfilling: { rest: 'processing', entity: 'Processing', event: 'confirmed' },
  shipped: { rest: 'processing', entity: 'Shipped', event: 'shipped' },
  delivered: { rest: 'completed', entity: 'Delivered', event: 'delivered' },
  cancelled: { rest: 'cancelled', entity: 'Cancelled', event: 'cancelled' },
} as const satisfies Record<string, OrderViews>;

/**
 * What the other vocabularies call a canonical state such as `confirmed.reserving`.
 * @throws when the order machine has no such state
 */
export function orderView(state: string): OrderViews {
  const [outermost = ''] = state.split('.');
  if (!Object.hasOwn(orderViews, outermost)) throw new Error(`${state} is not a state of an order`);
  return orderViews[outermost as keyof typeof orderViews];
}
