import { sql } from 'kysely';
import { instants, ints, texts, uuids } from '../../db/arrays.js';
import type { StockStatus } from '../../db/tables/inventory.js';
import type { Trx } from '../../runtime/ports.js';
import type { Movement } from './posting.js';
import type { StockItem } from './stockItem.js';

interface StockRow {
  stock_item_id: string;
  product_id: string;
  sku: string;
  name: string;
  warehouse_id: string;
  code: string;
  is_active: boolean;
  lat: number;
  lon: number;
  reorder_point: number;
  reorder_qty: number;
  max_level: number | null;
  status: StockStatus;
  on_hand: number;
  reserved: number;
  version: number;
}

const stockColumns =
  sql.raw(`s.stock_item_id, s.product_id, s.sku, p.name, s.warehouse_id, w.code, w.is_active, w.lat, w.lon,
  s.reorder_point, s.reorder_qty, s.max_level, s.status, s.on_hand, s.reserved, s.version
  from inventory.stock_items s
  join inventory.products p on p.product_id = s.product_id
  join inventory.warehouses w on w.warehouse_id = s.warehouse_id`);

/**
 * Locks the stock items of these products, and these stock items, until the end of the transaction, always in order of SKU
 * and warehouse, so that two batches wait for each other but never in a circle. Answers their latest quantities.
 */
export async function lockStock(
  trx: Trx,
  productIds: readonly string[],
  stockItemIds: readonly string[],
): Promise<StockItem[]> {
  const { rows } = await sql<StockRow>`/* prepared */
    select ${stockColumns}
    where s.stock_item_id = any(${uuids(stockItemIds)}) or s.product_id = any(${uuids(productIds)})
    order by s.sku, s.warehouse_id for no key update of s`.execute(trx);
  return rows.map(toStockItem);
}

/** Reads stock items without locking them. */
export async function readStock(trx: Trx, stockItemIds: readonly string[]): Promise<StockItem[]> {
  const { rows } = await sql<StockRow>`/* prepared */
    select ${stockColumns} where s.stock_item_id = any(${uuids(stockItemIds)})`.execute(trx);
  return rows.map(toStockItem);
}

/** Those of these movements that the ledger already has. */
export async function recordedMovements(trx: Trx, movementIds: readonly string[]): Promise<Set<string>> {
  // One look into the index for each: a plan made while the ledger was small would otherwise read it from end to end for ever.
  const { rows } = await sql<{ movement_id: string }>`/* prepared */
    select m.movement_id from unnest(${uuids(movementIds)}) as asked(id)
    cross join lateral (select movement_id from inventory.stock_movements where movement_id = asked.id limit 1) m`.execute(
    trx,
  );
  return new Set(rows.map((row) => row.movement_id));
}

/** Names of products that have no stock item at all. */
export async function readProductNames(
  trx: Trx,
  productIds: readonly string[],
): Promise<Map<string, { sku: string; name: string }>> {
  const { rows } = await sql<{ product_id: string; sku: string; name: string }>`/* prepared */
    select product_id, sku, name from inventory.products where product_id = any(${uuids(productIds)})`.execute(trx);
  return new Map(rows.map((row) => [row.product_id, row]));
}

/** Writes a batch back: the stock items' new quantities and the movements that explain them, in one statement. */
export async function saveStock(
  trx: Trx,
  items: readonly StockItem[],
  movements: readonly Movement[],
  counted: ReadonlyMap<string, string>,
): Promise<void> {
  await sql`/* prepared */
    with changed as (
      update inventory.stock_items s
      set on_hand = c.on_hand, reserved = c.reserved, version = c.version, status = c.status, updated_at = clock_timestamp(),
        last_counted_at = coalesce(c.counted_at, s.last_counted_at)
      from unnest(${uuids(items.map((i) => i.stockItemId))}, ${ints(items.map((i) => i.onHand))}, ${ints(items.map((i) => i.reserved))},
        ${ints(items.map((i) => i.version))}, ${texts(items.map((i) => i.status))},
        ${instants(items.map((i) => counted.get(i.stockItemId) ?? null))})
        as c(id, on_hand, reserved, version, status, counted_at)
      where s.stock_item_id = c.id)
    insert into inventory.stock_movements (movement_id, stock_item_id, stock_version, type, quantity, on_hand_change, reserved_change,
      reason, source_warehouse_id, destination_warehouse_id, reservation_id, order_id, performed_by, occurred_at)
    select m.id, m.item, m.version, m.type, m.quantity, m.on_hand, m.reserved, m.reason, m.source, m.destination, m.order_id, m.order_id, m.by, m.at
    from unnest(${uuids(movements.map((m) => m.movementId))}, ${uuids(movements.map((m) => m.stockItemId))},
      ${ints(movements.map((m) => m.stockVersion))}, ${texts(movements.map((m) => m.type))}, ${ints(movements.map((m) => m.quantity))},
      ${ints(movements.map((m) => m.onHandChange))}, ${ints(movements.map((m) => m.reservedChange))}, ${texts(movements.map((m) => m.reason))},
      ${uuids(movements.map((m) => m.sourceWarehouseId))}, ${uuids(movements.map((m) => m.destinationWarehouseId))},
      ${uuids(movements.map((m) => m.orderId))}, ${texts(movements.map((m) => m.performedBy))}, ${instants(movements.map((m) => m.occurredAt))})
      as m(id, item, version, type, quantity, on_hand, reserved, reason, source, destination, order_id, by, at)`.execute(
    trx,
  );
}

/** Adds the rows of stock items that a batch has created, still empty: `saveStock` fills them. */
export async function insertStockItems(trx: Trx, items: readonly StockItem[]): Promise<void> {
  await sql`/* prepared */
    insert into inventory.stock_items (stock_item_id, product_id, sku, warehouse_id)
    select * from unnest(${uuids(items.map((i) => i.stockItemId))}, ${uuids(items.map((i) => i.productId))},
      ${texts(items.map((i) => i.sku))}, ${uuids(items.map((i) => i.warehouseId))})`.execute(trx);
}

const toStockItem = (row: StockRow): StockItem => ({
  stockItemId: row.stock_item_id,
  productId: row.product_id,
  sku: row.sku,
  productName: row.name,
  warehouseId: row.warehouse_id,
  warehouseCode: row.code,
  warehouseActive: row.is_active,
  lat: row.lat,
  lon: row.lon,
  reorderPoint: row.reorder_point,
  reorderQty: row.reorder_qty,
  maxLevel: row.max_level,
  status: row.status,
  onHand: row.on_hand,
  reserved: row.reserved,
  version: row.version,
});
