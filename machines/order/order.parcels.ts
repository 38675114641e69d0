import type { FlowmartReceived } from '../index.js';
import type { OrderShipment } from './order.context.js';

/** What Shipping tells an order about one of its parcels. */
export type ParcelNews = FlowmartReceived<
  | 'ShipmentCreated'
  | 'ManualFulfilmentRequired'
  | 'ShipmentDispatched'
  | 'ShipmentInTransit'
  | 'DeliveryFailed'
  | 'ShipmentDelivered'
>;

type Status = OrderShipment['status'];
type Parcels = Readonly<Record<string, OrderShipment>>;

/** What each piece of news makes of a parcel, and of which parcels it can be true: anything else is late or told twice. */
const steps: Readonly<Record<ParcelNews['type'], { readonly from: readonly Status[]; readonly to: Status }>> = {
  ShipmentCreated: { from: ['pending', 'manual'], to: 'booked' },
  ManualFulfilmentRequired: { from: ['pending'], to: 'manual' },
  ShipmentDispatched: { from: ['booked'], to: 'dispatched' },
  ShipmentInTransit: { from: ['dispatched', 'inTransit', 'deliveryFailed'], to: 'inTransit' },
  DeliveryFailed: { from: ['dispatched', 'inTransit'], to: 'deliveryFailed' },
  ShipmentDelivered: { from: ['dispatched', 'inTransit', 'deliveryFailed'], to: 'delivered' },
};

/** Whether the news moves a parcel of this order forward. */
export function isNews(parcels: Parcels, { type, data }: ParcelNews): boolean {
  const parcel = parcels[data.shipmentId];
  return parcel !== undefined && steps[type].from.includes(parcel.status);
}

/** The parcels after the news. */
export function moved(parcels: Parcels, { type, data }: ParcelNews): Parcels {
  const parcel = parcels[data.shipmentId];
  if (parcel === undefined) return parcels;
  const tracking = 'trackingNumber' in data ? { carrier: data.carrier, trackingNumber: data.trackingNumber } : {};
  return { ...parcels, [data.shipmentId]: { ...parcel, ...tracking, status: steps[type].to } };
}

/** Whether every parcel has this status. */
export const all = (parcels: Parcels, status: Status): boolean =>
  Object.values(parcels).every((parcel) => parcel.status === status);

/** Whether some parcel has this status. */
export const some = (parcels: Parcels, status: Status): boolean =>
  Object.values(parcels).some((parcel) => parcel.status === status);

const canBeCalledBack = ({ status }: OrderShipment): boolean => ['pending', 'manual', 'booked'].includes(status);

/** Ids of the parcels that have not left. */
export const undispatched = (parcels: Parcels): readonly string[] =>
  Object.entries(parcels)
    .filter(([, parcel]) => canBeCalledBack(parcel))
    .map(([shipmentId]) => shipmentId);

/** The parcels after those that had not left were called back (O-30). */
export const calledBack = (parcels: Parcels): Parcels =>
  Object.fromEntries(
    Object.entries(parcels).map(([shipmentId, parcel]): [string, OrderShipment] => [
      shipmentId,
      canBeCalledBack(parcel) ? { ...parcel, status: 'cancelled' } : parcel,
    ]),
  );
