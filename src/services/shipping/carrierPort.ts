import type { MessageData } from '../../../machines/index.js';
import type { Money } from '../../../machines/shared/values.js';

/** One booking, asked for under a key that the caller has stored before. */
export interface BookingRequest extends Omit<MessageData<'BookShipment'>, 'attempt'> {
  /** When it was first asked for (UTC ISO 8601). */
  readonly requestedAt: string;
}

export interface Booking {
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly labelUrl: string | null;
  readonly shippingCost: Money;
  /** UTC ISO 8601. */
  readonly estimatedDelivery: string;
}

/** What a carrier said. A call that surely never reached the carrier is a refusal, too. */
export type BookingOutcome =
  | { readonly kind: 'booked'; readonly booking: Booking }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * The carriers, behind one port: an aggregator, or an adapter that knows them all. A rejected promise means that nobody knows
 * what happened; the caller looks the booking up before it asks again (invariant 5).
 */
export interface Carrier {
  /** Books a parcel; the same key books it once and answers the same booking. */
  book(request: BookingRequest): Promise<BookingOutcome>;
  /** What was booked under a key; undefined when nothing was. */
  lookUp(idempotencyKey: string): Promise<Booking | undefined>;
  /** Makes a label worthless; one that is void, or that the carrier does not know, stays so. */
  voidLabel(label: { readonly carrier: string; readonly trackingNumber: string }): Promise<void>;
}
