import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { type CarrierName, carrierNames, estimatedDelivery, quote } from '../../../machines/shared/carriers.js';
import { bigints, instants, texts, uuids } from '../../db/arrays.js';
import type { Database } from '../../db/tables.js';
import '../../db/tables/shipping.js';
import { Groups } from '../../runtime/groups.js';
import type { Booking, BookingOutcome, BookingRequest, Carrier } from './carrierPort.js';

const prefixes: Readonly<Record<CarrierName, string>> = {
  UPS: '1Z',
  FedEx: 'FX',
  USPS: 'US',
  DHL: 'DH',
  'Royal Mail': 'RM',
};
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

interface BookingRow {
  idempotency_key: string;
  carrier: string;
  tracking_number: string;
  label_url: string;
  cost_minor: string;
  currency: string;
  estimated_delivery: Date;
}

export interface SimulatedCarrierOptions {
  /** Where the carrier keeps its books; never the transaction of a drain, since it stands for a system outside. */
  readonly db: Kysely<Database>;
  /** Carriers that refuse everything. */
  readonly failing?: ReadonlySet<CarrierName>;
}

/**
 * The built-in carrier: books at once, at the tariffs of `machines/shared/carriers.ts`, with tracking numbers that follow from
 * the key. It refuses what is too big, carriers in `failing`, and, for trying by hand, parcels to a street that says so:
 * `1 Pier Road [fail:UPS]`, `[fail:UPS,FedEx]`, or `[fail:all]`.
 */
export class SimulatedCarrier implements Carrier {
  readonly #db: Kysely<Database>;
  readonly #failing: ReadonlySet<CarrierName>;
  readonly #bookings: Groups<BookingRequest, Booking>;

  constructor({ db, failing = new Set() }: SimulatedCarrierOptions) {
    this.#db = db;
    this.#failing = failing;
    // Bookings that come while others are being written are written together: one transaction each would cost a commit per parcel.
    this.#bookings = new Groups({ work: (requests) => this.#record(requests), max: 200 });
  }

  async book(request: BookingRequest): Promise<BookingOutcome> {
    const reason = this.#refusal(request);
    if (reason !== null) return { kind: 'refused', reason };
    return { kind: 'booked', booking: await this.#bookings.submit(request) };
  }

  async lookUp(idempotencyKey: string): Promise<Booking | undefined> {
    const row = await this.#db
      .selectFrom('shipping.carrier_bookings')
      .selectAll()
      .where('idempotency_key', '=', idempotencyKey)
      .executeTakeFirst();
    return row && toBooking(row);
  }

  async voidLabel({ carrier, trackingNumber }: { carrier: string; trackingNumber: string }): Promise<void> {
    await this.#db
      .updateTable('shipping.carrier_bookings')
      .set({ voided_at: sql`now()` })
      .where('carrier', '=', carrier)
      .where('tracking_number', '=', trackingNumber)
      .where('voided_at', 'is', null)
      .execute();
  }

  #refusal(request: BookingRequest): string | null {
    const { carrier, address } = request;
    if (!isCarrier(carrier)) return `There is no carrier ${carrier}.`;
    const asked = [...address.street.matchAll(/\[fail:([^\]]*)\]/g)].flatMap((found) => (found[1] ?? '').split(','));
    const isAsked = asked.some((name) => ['all', carrier].includes(name.trim()));
    if (isAsked || this.#failing.has(carrier)) return `${carrier} does not take this parcel.`;
    return quote(carrier, request).fits ? null : `${carrier} does not take parcels of this size.`;
  }

  async #record(requests: readonly BookingRequest[]): Promise<Booking[]> {
    const rows = [...new Map(requests.map((request) => [request.idempotencyKey, toRow(request)])).values()];
    // A key that was booked before keeps its booking: the update changes nothing and makes PostgreSQL return it.
    const stored = await sql<BookingRow>`/* prepared */
      insert into shipping.carrier_bookings
        (idempotency_key, shipment_id, carrier, tracking_number, label_url, cost_minor, currency, estimated_delivery)
      select * from unnest(${texts(rows.map((row) => row.idempotencyKey))}, ${uuids(rows.map((row) => row.shipmentId))},
        ${texts(rows.map((row) => row.carrier))}, ${texts(rows.map((row) => row.trackingNumber))},
        ${texts(rows.map((row) => row.labelUrl))}, ${bigints(rows.map((row) => row.shippingCost.amount))},
        ${texts(rows.map((row) => row.shippingCost.currency))}, ${instants(rows.map((row) => row.estimatedDelivery))})
      on conflict (idempotency_key) do update set idempotency_key = excluded.idempotency_key
      returning *`.execute(this.#db);
    const bookings = new Map(stored.rows.map((row) => [row.idempotency_key, toBooking(row)]));
    return requests.map(({ idempotencyKey }) => bookings.get(idempotencyKey) as Booking);
  }
}

const isCarrier = (name: string): name is CarrierName => carrierNames.some((known) => known === name);

/** Sixteen characters of 5 bits: as many tracking numbers as anybody needs, and the same one for the same key. */
function trackingNumber(carrier: CarrierName, idempotencyKey: string): string {
  const bytes = createHash('sha256').update(idempotencyKey).digest().subarray(0, 16);
  return prefixes[carrier] + [...bytes].map((byte) => alphabet[byte % 32]).join('');
}

function toRow(request: BookingRequest) {
  const { idempotencyKey, shipmentId, requestedAt } = request;
  const carrier = request.carrier as CarrierName;
  const price = quote(carrier, request);
  const number = trackingNumber(carrier, idempotencyKey);
  return {
    idempotencyKey,
    shipmentId,
    carrier,
    trackingNumber: number,
    labelUrl: `https://labels.carrier.example/${number}.pdf`,
    shippingCost: price.cost,
    estimatedDelivery: estimatedDelivery(requestedAt, price),
  };
}

const toBooking = (row: BookingRow): Booking => ({
  carrier: row.carrier,
  trackingNumber: row.tracking_number,
  labelUrl: row.label_url,
  shippingCost: { amount: Number(row.cost_minor), currency: row.currency },
  estimatedDelivery: row.estimated_delivery.toISOString(),
});
