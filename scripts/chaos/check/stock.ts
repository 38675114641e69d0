import { sql } from 'kysely';
import type { Evidence, Finding } from './evidence.js';

/** Stock is what its movements add up to, and their versions have no gaps. */
export async function stockFollowsMovements({ db }: Pick<Evidence, 'db'>): Promise<Finding[]> {
  const { rows } = await sql<{
    sku: string;
    on_hand: number;
    reserved: number;
    moved: string;
    held: string;
    version: number;
    movements: string;
  }>`
    select i.sku, i.on_hand, i.reserved, i.version, coalesce(m.on_hand, 0) as moved, coalesce(m.reserved, 0) as held,
      coalesce(m.versions, 0) as movements
    from inventory.stock_items i left join (
      select stock_item_id, sum(on_hand_change) as on_hand, sum(reserved_change) as reserved, count(distinct stock_version) as versions
      from inventory.stock_movements group by 1) m using (stock_item_id)
    where i.on_hand <> coalesce(m.on_hand, 0) or i.reserved <> coalesce(m.reserved, 0) or i.version <> coalesce(m.versions, 0)`.execute(
    db,
  );
  return rows.map((row) => ({
    about: `stock of ${row.sku}`,
    what: `is ${row.on_hand}, ${row.reserved} reserved at version ${row.version}; ${row.movements} movements add up to ${row.moved}, ${row.held} reserved`,
  }));
}

/** At no time was there less than nothing on a shelf, or more reserved than there was. */
export async function stockIsNeverNegative({ db }: Pick<Evidence, 'db'>): Promise<Finding[]> {
  const { rows } = await sql<{ sku: string; on_hand: string; reserved: string; stock_version: number }>`
    select i.sku, s.on_hand, s.reserved, s.stock_version from (
      select stock_item_id, stock_version, sum(on_hand_change) over w as on_hand, sum(reserved_change) over w as reserved
      from inventory.stock_movements window w as (partition by stock_item_id order by stock_version, movement_id)) s
    join inventory.stock_items i using (stock_item_id)
    where s.on_hand < 0 or s.reserved < 0 or s.reserved > s.on_hand`.execute(db);
  return rows.map(({ sku, on_hand, reserved, stock_version }) => ({
    about: `stock of ${sku}`,
    what: `was ${on_hand} with ${reserved} reserved at version ${stock_version}`,
  }));
}

/** What is reserved is what reservations hold. */
export async function reservedStockIsHeld({ db }: Pick<Evidence, 'db'>): Promise<Finding[]> {
  const { rows } = await sql<{ sku: string; reserved: number; held: string | null }>`
    select i.sku, i.reserved, h.held from inventory.stock_items i
    left join (
      select (a ->> 'stockItemId')::uuid as stock_item_id, sum((a ->> 'quantity')::int) as held
      from inventory.reservations r, json_array_elements(r.snapshot #> '{context,allocations}') a
      where r.state like 'confirmed.%' and not r.snapshot::jsonb #> '{context,shippedWarehouses}' ? (a ->> 'warehouseId')
      group by 1) h using (stock_item_id)
    where i.reserved <> coalesce(h.held, 0)`.execute(db);
  return rows.map(({ sku, reserved, held }) => ({
    about: `stock of ${sku}`,
    what: `has ${reserved} reserved, and reservations hold ${held ?? 0}`,
  }));
}

/** Every order that is not cancelled has its stock, in the quantities that it asked for. */
export async function paidOrdersHaveTheirStock({ db }: Pick<Evidence, 'db'>): Promise<Finding[]> {
  const { rows } = await sql<{ id: string; state: string; reservation: string | null; wanted: string; held: string }>`
    select o.id, o.state, r.state as reservation, w.wanted, coalesce(h.held, 0) as held from orders.orders o
    join (select order_id, sum(quantity) as wanted from orders.order_items group by 1) w on w.order_id = o.id
    left join inventory.reservations r on r.id = o.id
    left join lateral (
      select sum((a ->> 'quantity')::int) as held from json_array_elements(r.snapshot #> '{context,allocations}') a) h on true
    where (o.state ~ '^(paid|fulfilling|shipped|delivered)' and (r.state !~ '^(confirmed|fulfilled)' or w.wanted <> coalesce(h.held, 0)))
      or (o.state = 'cancelled' and r.state ~ '^(confirmed|fulfilled)')`.execute(db);
  return rows.map(({ id, state, reservation, wanted, held }) => ({
    about: `order ${id}`,
    what: `is ${state}, wants ${wanted}, and its reservation is ${reservation} with ${held}`,
  }));
}
