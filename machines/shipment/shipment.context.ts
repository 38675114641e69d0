import type { MessageData } from '../index.js';
import type { Parcel } from '../shared/carriers.js';
import { chooseCarrier, MAX_DELIVERY_ATTEMPTS } from './shipment.rules.js';

type FailureCode = MessageData<'DeliveryFailed'>['reasonCode'];

export interface ShipmentContext extends Parcel {
  readonly shipmentId: string;
  readonly orderId: string;
  readonly customerId: string | null;
  readonly warehouseId: string;
  /** The carrier asked last; after a booking by hand, whatever the person wrote. */
  readonly carrier: string;
  /** Bookings asked for so far, over all carriers. */
  readonly attempt: number;
  readonly bookingFailure: string | null;
  readonly trackingNumber: string | null;
  /** What a carrier booked: it can be voided there. Null for a label made by hand. */
  readonly label: Pick<MessageData<'ShipmentBooked'>, 'labelUrl' | 'shippingCost' | 'estimatedDelivery'> | null;
  readonly createdAt: string | null;
  readonly dispatchedAt: string | null;
  readonly deliveredAt: string | null;
  readonly location: string | null;
  readonly deliveryAttempts: number;
  readonly deliveryFailure: FailureCode | null;
}

/** The context of a parcel that was just asked for. */
export const newShipment = (data: MessageData<'CreateShipment'>): ShipmentContext =>
  // Not a spread: what is new behind one costs Node.js 20 microseconds, and each object a hidden class (docs/performance.md).
  Object.assign({}, data, {
    carrier: chooseCarrier(data),
    attempt: 0,
    bookingFailure: null,
    trackingNumber: null,
    label: null,
    createdAt: null,
    dispatchedAt: null,
    deliveredAt: null,
    location: null,
    deliveryAttempts: 0,
    deliveryFailure: null,
  });

/** The ids that every message about the parcel carries. */
export const identity = ({ shipmentId, orderId, customerId }: ShipmentContext) => ({ shipmentId, orderId, customerId });

/**
 * The same with its carrier and tracking number.
 * @throws before it has a label: a defect of the chart
 */
export const tracked = (context: ShipmentContext) => {
  if (context.trackingNumber === null) throw new Error(`shipment ${context.shipmentId} moves without a label`);
  return { carrier: context.carrier, trackingNumber: context.trackingNumber, ...identity(context) };
};

/** What a failed delivery is called when the carrier says nothing more. */
export const failureTexts: Readonly<Record<FailureCode, string>> = {
  address_not_found: 'The address was not found.',
  customer_unavailable: 'Nobody took the parcel.',
  damaged_in_transit: 'The parcel was damaged in transit.',
  other: 'The parcel could not be delivered.',
};

/** Whether another delivery may be tried (H-11, R-73). */
export const mayBeTriedAgain = ({ deliveryAttempts, deliveryFailure }: ShipmentContext): boolean =>
  deliveryAttempts < MAX_DELIVERY_ATTEMPTS && deliveryFailure !== 'damaged_in_transit';
