import { type Kysely, sql } from 'kysely';
import { uuids } from '../../db/arrays.js';
import type { MovementType, StockStatus } from '../../db/tables/inventory.js';
import type { Database } from '../../db/tables.js';

/** The answer of GetInventoryStatus (2.2): its core; blocks that no source of FlowMart feeds are null or empty. */
export interface InventoryStatus {
  readonly productId: string;
  readonly productMetadata: {
    readonly sku: string;
    readonly name: string;
    readonly category: { readonly primary: string };
    readonly dimensions: { readonly weight: number };
  };
  readonly aggregatedInventory: {
    readonly totalAvailable: number;
    readonly totalReserved: number;
    readonly totalInTransit: number;
    readonly safetyStock: number;
    readonly reorderLevel: number;
  };
  readonly locationBreakdown: readonly LocationStock[];
  readonly supplierInformation: readonly never[];
  /** The latest ten, newest first. */
  readonly recentMovements: readonly RecentMovement[];
  readonly alerts: {
    readonly lowStock: boolean;
    readonly qualityIssues: boolean;
    readonly supplierDelays: boolean;
    readonly messages: readonly {
      readonly severity: 'info' | 'warning' | 'error' | 'critical';
      readonly message: string;
      readonly timestamp: string;
    }[];
  };
  readonly lastUpdated: string;
}

interface LocationStock {
  readonly location: {
    readonly facilityId: string;
    readonly warehouseId: string;
    readonly name: string;
    readonly zone: string;
    readonly country: string;
    readonly coordinates: { readonly latitude: number; readonly longitude: number };
  };
  readonly inventory: {
    readonly inventoryId: string;
    readonly onHandQuantity: number;
    readonly reservedQuantity: number;
    readonly availableQuantity: number;
    readonly status: StockStatus;
    readonly lastCountDate: string | null;
  };
  readonly qualityMetrics: null;
}

interface RecentMovement {
  readonly movementId: string;
  readonly type: 'inbound' | 'outbound' | 'transfer' | 'adjustment';
  /** What became available (positive) or stopped being so; for goods that left, what left; 0 for a commit. */
  readonly quantity: number;
  readonly timestamp: string;
  readonly reason: string;
  readonly reference: { readonly orderId?: string };
}

interface LocationRow {
  sku: string;
  product_name: string;
  category: string;
  weight_g: number;
  product_updated_at: Date;
  stock_item_id: string | null;
  warehouse_id: string;
  code: string;
  warehouse_name: string;
  region: string;
  country: string;
  lat: number;
  lon: number;
  on_hand: number;
  reserved: number;
  available: number;
  status: StockStatus;
  safety_stock: number;
  reorder_point: number;
  last_counted_at: Date | null;
  updated_at: Date;
}

interface MovementRow {
  movement_id: string;
  type: MovementType;
  on_hand_change: number;
  reserved_change: number;
  occurred_at: Date;
  reason: string;
  order_id: string | null;
}

/** Tells everything about the stock of a product, or undefined when there is no such product. */
export async function inventoryStatus(db: Kysely<Database>, productId: string): Promise<InventoryStatus | undefined> {
  const { rows } = await sql<LocationRow>`
    select p.sku, p.name as product_name, p.category, p.weight_g, p.updated_at as product_updated_at, s.stock_item_id, s.warehouse_id,
      w.code, w.name as warehouse_name, w.region, w.country, w.lat, w.lon, s.on_hand, s.reserved, s.available, s.status,
      s.safety_stock, s.reorder_point, s.last_counted_at, s.updated_at
    from inventory.products p
    left join inventory.stock_items s on s.product_id = p.product_id
    left join inventory.warehouses w on w.warehouse_id = s.warehouse_id
    where p.product_id = ${productId} order by w.code`.execute(db);
  const [product] = rows;
  if (!product) return undefined;
  const located = rows.filter((row) => row.stock_item_id !== null);
  const { rows: movements } = await sql<MovementRow>`
    select m.* from unnest(${uuids(located.map((row) => row.stock_item_id))}) as s(id)
    cross join lateral (
      select movement_id, type, on_hand_change, reserved_change, occurred_at, recorded_at, stock_version, reason, order_id
      from inventory.stock_movements where stock_item_id = s.id order by stock_version desc limit 10) m
    order by m.recorded_at desc, m.stock_version desc limit 10`.execute(db);
  const active = located.filter((row) => row.status === 'ACTIVE');
  const sum = (pick: (row: LocationRow) => number) => active.reduce((total, row) => total + pick(row), 0);
  const updated = located.map((row) => row.updated_at.getTime());
  return {
    productId,
    productMetadata: {
      sku: product.sku,
      name: product.product_name,
      category: { primary: product.category },
      dimensions: { weight: product.weight_g },
    },
    aggregatedInventory: {
      totalAvailable: sum((row) => row.available),
      totalReserved: sum((row) => row.reserved),
      totalInTransit: 0,
      safetyStock: sum((row) => row.safety_stock),
      reorderLevel: sum((row) => row.reorder_point),
    },
    locationBreakdown: located.map(toLocation),
    supplierInformation: [],
    recentMovements: movements.map(toMovement),
    alerts: alertsOf(active),
    lastUpdated: new Date(Math.max(product.product_updated_at.getTime(), ...updated)).toISOString(),
  };
}

const toLocation = (row: LocationRow): LocationStock => ({
  location: {
    facilityId: row.code,
    warehouseId: row.warehouse_id,
    name: row.warehouse_name,
    zone: row.region,
    country: row.country,
    coordinates: { latitude: row.lat, longitude: row.lon },
  },
  inventory: {
    inventoryId: row.stock_item_id as string,
    onHandQuantity: row.on_hand,
    reservedQuantity: row.reserved,
    availableQuantity: row.available,
    status: row.status,
    lastCountDate: row.last_counted_at?.toISOString().slice(0, 10) ?? null,
  },
  qualityMetrics: null,
});

const movementTypes = {
  INBOUND: 'inbound',
  RETURN: 'inbound',
  OUTBOUND: 'outbound',
  TRANSFER: 'transfer',
  ADJUSTMENT: 'adjustment',
} as const satisfies Record<MovementType, RecentMovement['type']>;

const toMovement = (row: MovementRow): RecentMovement => ({
  movementId: row.movement_id,
  type: movementTypes[row.type],
  quantity: row.on_hand_change !== 0 ? row.on_hand_change : 0 - row.reserved_change,
  timestamp: row.occurred_at.toISOString(),
  reason: row.reason,
  reference: row.order_id === null ? {} : { orderId: row.order_id },
});

function alertsOf(active: readonly LocationRow[]): InventoryStatus['alerts'] {
  const low = active.filter((row) => row.available <= row.reorder_point);
  return {
    lowStock: low.length > 0,
    qualityIssues: false,
    supplierDelays: false,
    messages: low.map((row) => ({
      severity: row.available === 0 ? 'error' : 'warning',
      message:
        row.available === 0
          ? `${row.warehouse_name} has none left.`
          : `${row.warehouse_name} has ${row.available} left; the reorder point is ${row.reorder_point}.`,
      timestamp: row.updated_at.toISOString(),
    })),
  };
}
