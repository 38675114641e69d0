import { sql } from 'kysely';
import { uuids } from '../../db/arrays.js';
import type { Trx } from '../../runtime/ports.js';

/** A warehouse during a batch, with the units it holds. */
export interface Site {
  readonly code: string;
  readonly lat: number;
  readonly lon: number;
  readonly isActive: boolean;
  readonly capacity: number;
  used: number;
}

/**
 * Locks warehouses that goods may come into, in order of their ids and before any stock item, so that two batches cannot
 * both fill the last place, nor both create the same stock item. Two statements: what is stored must be counted after the lock is held.
 */
export async function lockWarehouses(trx: Trx, warehouseIds: readonly string[]): Promise<Map<string, Site>> {
  const { rows } = await sql<{
    warehouse_id: string;
    code: string;
    lat: number;
    lon: number;
    is_active: boolean;
    capacity: number;
  }>`select warehouse_id, code, lat, lon, is_active, capacity from inventory.warehouses
    where warehouse_id = any(${uuids(warehouseIds)}) order by warehouse_id for no key update`.execute(trx);
  const { rows: stored } = await sql<{ warehouse_id: string; used: number }>`
    select warehouse_id, sum(on_hand)::float8 as used from inventory.stock_items
    where warehouse_id = any(${uuids(warehouseIds)}) group by warehouse_id`.execute(trx);
  const used = new Map(stored.map((row) => [row.warehouse_id, row.used]));
  return new Map(
    rows.map((row) => [
      row.warehouse_id,
      {
        code: row.code,
        lat: row.lat,
        lon: row.lon,
        isActive: row.is_active,
        capacity: row.capacity,
        used: used.get(row.warehouse_id) ?? 0,
      },
    ]),
  );
}
