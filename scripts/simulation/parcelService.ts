import { type CarrierName, estimatedDelivery, quote } from '../../machines/shared/carriers.js';
import type { Booking, BookingOutcome, BookingRequest, Carrier } from '../../src/services/shipping/carrierPort.js';
import type { Claims } from './claims.js';

/** A label in the carriers' books. */
export interface Label extends Booking {
  readonly shipmentId: string;
  isVoid: boolean;
}

const silence = (): never => {
  throw new Error('no answer');
};

/** The carriers with books in memory; they refuse an order's first bookings as the story says, and every call waits for its fate. */
export class ParcelService implements Carrier {
  readonly labels = new Map<string, Label>();
  /** Bookings still to be refused, by order. */
  readonly refusals = new Map<string, number>();
  readonly #answers = new Map<string, BookingOutcome>();
  readonly #claims: Claims;

  constructor(claims: Claims) {
    this.#claims = claims;
  }

  book(request: BookingRequest): Promise<BookingOutcome> {
    const happen = (): BookingOutcome => {
      // The same key gives the same answer, a refusal too.
      const known = this.#answers.get(request.idempotencyKey);
      if (known) return known;
      const answer = this.#answer(request);
      this.#answers.set(request.idempotencyKey, answer);
      return answer;
    };
    return this.#claims.call(`${request.carrier} books a parcel`, happen, silence);
  }

  lookUp(idempotencyKey: string): Promise<Booking | undefined> {
    const look = () => {
      const found = this.labels.get(idempotencyKey);
      return found && bookingOf(found);
    };
    return this.#claims.call('the carrier looks a booking up', look, silence);
  }

  voidLabel({ carrier, trackingNumber }: { carrier: string; trackingNumber: string }): Promise<void> {
    const happen = () => {
      for (const label of this.labels.values())
        if (label.carrier === carrier && label.trackingNumber === trackingNumber) label.isVoid = true;
    };
    return this.#claims.call(`${carrier} voids a label`, happen, silence);
  }

  #answer(request: BookingRequest): BookingOutcome {
    const refusals = this.refusals.get(request.orderId) ?? 0;
    this.refusals.set(request.orderId, refusals - 1);
    if (refusals > 0) return { kind: 'refused', reason: 'Not this parcel.' };
    const price = quote(request.carrier as CarrierName, request);
    const booking: Booking = {
      carrier: request.carrier,
      trackingNumber: `T${this.labels.size + 1}`,
      labelUrl: null,
      shippingCost: price.cost,
      estimatedDelivery: estimatedDelivery(request.requestedAt, price),
    };
    this.labels.set(request.idempotencyKey, { ...booking, shipmentId: request.shipmentId, isVoid: false });
    return { kind: 'booked', booking };
  }
}

const bookingOf = ({ shipmentId: _, isVoid: __, ...booking }: Label): Booking => booking;
