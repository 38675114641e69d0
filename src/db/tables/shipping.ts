import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { ShipmentStatus } from '../../../machines/shipment/shipment.view.js';
import type { ActorRow } from '../tables.js';

type Bigint = ColumnType<string, string | number | bigint, string | number | bigint>;
type Instant = ColumnType<Date, Date | string, Date | string>;

/** The parcels: all but the runtime's columns follow from the snapshot. */
export interface ShipmentsTable extends ActorRow {
  order_id: GeneratedAlways<string>;
  customer_id: GeneratedAlways<string | null>;
  warehouse_id: GeneratedAlways<string>;
  carrier: GeneratedAlways<string>;
  tracking_number: GeneratedAlways<string | null>;
  status: GeneratedAlways<ShipmentStatus>;
}

/** What the built-in carrier has booked; nobody else's business. */
export interface CarrierBookingsTable {
  idempotency_key: string;
  shipment_id: string;
  carrier: string;
  tracking_number: string;
  label_url: string;
  /** Minor units of `currency`. */
  cost_minor: Bigint;
  currency: string;
  estimated_delivery: Instant;
  booked_at: Generated<Date>;
  voided_at: ColumnType<Date | null, Date | string | null, Date | string | null>;
}

declare module '../tables.js' {
  interface Database {
    'shipping.shipments': ShipmentsTable;
    'shipping.carrier_bookings': CarrierBookingsTable;
  }
}
