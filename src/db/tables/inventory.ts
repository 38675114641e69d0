import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { ActorRow } from '../tables.js';

type Bigint = ColumnType<string, string | number | bigint, string | number | bigint>;
type Instant = ColumnType<Date, Date | string, Date | string>;

export interface ProductsTable {
  product_id: string;
  sku: string;
  name: string;
  description: Generated<string>;
  /** Minor units of `currency`. */
  price_minor: Bigint;
  currency: string;
  category: string;
  is_active: Generated<boolean>;
  backorder_allowed: Generated<boolean>;
  weight_g: Generated<number>;
  created_at: Generated<Date>;
  updated_at: ColumnType<Date, Date | string | undefined, Date | string>;
}

/** Prices in currencies other than the product's own. */
export interface ProductPricesTable {
  product_id: string;
  currency: string;
  price_minor: Bigint;
}

export interface WarehousesTable {
  warehouse_id: string;
  code: string;
  name: string;
  region: string;
  country: string;
  lat: number;
  lon: number;
  /** Units that fit. */
  capacity: number;
  is_active: Generated<boolean>;
  created_at: Generated<Date>;
  updated_at: ColumnType<Date, Date | string | undefined, Date | string>;
}

export type StockStatus = 'ACTIVE' | 'DISCONTINUED' | 'QUARANTINED';

/** One product in one warehouse: the write model of stock. */
export interface StockItemsTable {
  stock_item_id: string;
  product_id: string;
  sku: string;
  warehouse_id: string;
  on_hand: Generated<number>;
  reserved: Generated<number>;
  available: GeneratedAlways<number>;
  status: ColumnType<StockStatus, StockStatus | undefined, StockStatus>;
  unit_cost_minor: ColumnType<string | null, string | number | null | undefined, string | number | null>;
  reorder_point: Generated<number>;
  reorder_qty: Generated<number>;
  max_level: number | null;
  safety_stock: Generated<number>;
  lead_time_days: number | null;
  auto_reorder: Generated<boolean>;
  /** Rises with every change of `on_hand` or `reserved`. */
  version: Generated<number>;
  last_counted_at: Instant | null;
  created_at: Generated<Date>;
  updated_at: ColumnType<Date, Date | string | undefined, Date | string>;
}

export type MovementType = 'INBOUND' | 'OUTBOUND' | 'TRANSFER' | 'ADJUSTMENT' | 'RETURN';

/** The append-only ledger of stock. */
export interface StockMovementsTable {
  movement_id: string;
  stock_item_id: string;
  stock_version: number;
  type: MovementType;
  /** Units, always positive; the two changes carry the signs. */
  quantity: number;
  on_hand_change: number;
  reserved_change: number;
  reason: string;
  source_warehouse_id: string | null;
  destination_warehouse_id: string | null;
  reservation_id: string | null;
  order_id: string | null;
  performed_by: string;
  occurred_at: Instant;
  recorded_at: Generated<Date>;
}

/** Where a customer lives, as far as Inventory knows (projection of UserSignedUp, S-040). */
export interface CustomerRegionsTable {
  customer_id: string;
  locale: string | null;
  country: string | null;
  updated_at: Instant;
}

export interface ReservationsTable extends ActorRow {
  /** UTC ISO 8601, null once committed. */
  expires_at: GeneratedAlways<string | null>;
}

declare module '../tables.js' {
  interface Database {
    'inventory.products': ProductsTable;
    'inventory.product_prices': ProductPricesTable;
    'inventory.warehouses': WarehousesTable;
    'inventory.stock_items': StockItemsTable;
    'inventory.stock_movements': StockMovementsTable;
    'inventory.reservations': ReservationsTable;
    'inventory.customer_regions': CustomerRegionsTable;
  }
}
