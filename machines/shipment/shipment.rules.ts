import {
  type CarrierName,
  carrierNames,
  type Parcel,
  type Quote,
  quote,
  type ShippingMethod,
} from '../shared/carriers.js';
import { seconds } from '../shared/instants.js';

/** Bookings with the chosen carrier before the fallback is asked. */
export const MAX_BOOKINGS = 3;
/** Delivery attempts before a parcel goes back. */
export const MAX_DELIVERY_ATTEMPTS = 3;
/** Days from booking to delivery that a customer is promised: the default of R-71, and a day for express. */
export const SLA_DAYS: Readonly<Record<ShippingMethod, number>> = { standard: 2, express: 1 };

/** Who is asked when the chosen carrier does not book. */
export const FALLBACK_CARRIER: CarrierName = 'Royal Mail';

/** The pause before a booking is tried again (ms): 1 s, doubled with every failed attempt (H-03). */
export const bookingBackoff = (failedAttempts: number): number => seconds(1) * 2 ** (failedAttempts - 1);

/**
 * Chooses the carrier of a parcel by size, SLA, then cost (H-01, R-71, R-75): the cheapest of those it fits that keep the
 * promise to this destination; when none keeps it, the fastest; when it fits none, as if it fitted all (it will be refused).
 */
export function chooseCarrier(parcel: Parcel): CarrierName {
  const quotes = carrierNames.map((carrier) => ({ carrier, ...quote(carrier, parcel) }));
  const fitting = quotes.some(({ fits }) => fits) ? quotes.filter(({ fits }) => fits) : quotes;
  const promised = SLA_DAYS[parcel.shippingMethod];
  const lateBy = ({ transitDays }: Quote): number => Math.max(0, transitDays - promised);
  const [best] = fitting.sort((a, b) => lateBy(a) - lateBy(b) || a.cost.amount - b.cost.amount);
  return best?.carrier ?? FALLBACK_CARRIER;
}

/** The key under which a carrier makes one booking happen once; a refused one is asked for again under a new key. */
export const bookingKey = (shipmentId: string, attempt: number): string => `${shipmentId}-${attempt}`;
