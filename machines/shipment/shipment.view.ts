/** The lifecycle as `PUT /shipments/{id}/status` and `GET /shipments/{id}` name it (domain.md 2.4). */
export type ShipmentStatus =
  | 'pending'
  | 'created'
  | 'dispatched'
  | 'in_transit'
  | 'delivery_failed'
  | 'delivered'
  | 'cancelled';

/** What shipments in each state are called outside; a parcel without a label is pending, whoever works on it. */
export const shipmentStatuses = {
  pending: 'pending',
  booking: 'pending',
  bookingFailed: 'pending',
  manualFulfilment: 'pending',
  created: 'created',
  dispatched: 'dispatched',
  inTransit: 'in_transit',
  deliveryFailed: 'delivery_failed',
  delivered: 'delivered',
  cancelled: 'cancelled',
} as const satisfies Record<string, ShipmentStatus>;

/** The four values of the catalogue's UpdateShipmentStatus (the view of domain.md 8.4), and `cancelled`, which it lacks. */
const coarse = {
  pending: 'pending',
  created: 'pending',
  dispatched: 'shipped',
  in_transit: 'shipped',
  delivery_failed: 'shipped',
  delivered: 'delivered',
  cancelled: 'cancelled',
} as const satisfies Record<ShipmentStatus, string>;

/**
 * What the other vocabularies call a canonical state such as `inTransit`.
 * @throws when the shipment machine has no such state
 */
export function shipmentView(state: string): { readonly status: ShipmentStatus; readonly catalogue: string } {
  if (!Object.hasOwn(shipmentStatuses, state)) throw new Error(`${state} is not a state of a shipment`);
  const status = shipmentStatuses[state as keyof typeof shipmentStatuses];
  return { status, catalogue: coarse[status] };
}
