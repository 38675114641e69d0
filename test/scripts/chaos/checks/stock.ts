import { sql } from 'kysely';
import {
  paidOrdersHaveTheirStock,
  reservedStockIsHeld,
  stockFollowsMovements,
  stockIsNeverNegative,
} from '../../../../scripts/chaos/check/stock.js';
import { seededWarehouses } from '../../../../scripts/seed/catalogue.js';
import { product } from '../../../journeys/fixtures.js';
import { expectOne, findsAfter, type Scene } from './scene.js';

const mug = product('MUG-STONE-35');
const shelf = sql`product_id = ${mug.id} and warehouse_id = ${seededWarehouses[0].id}`;
const about = `stock of ${mug.sku}`;

export function describeStock(scene: () => Scene): void {
  describe('stock', () => {
    it('finds a unit that came from nowhere', async () => {
      const found = await findsAfter(scene(), stockFollowsMovements, (db) =>
        sql`update inventory.stock_items set on_hand = on_hand + 1 where ${shelf}`.execute(db),
      );
      expectOne(found, about, /add up to/);
    });

    it('finds a version without its movement', async () => {
      const found = await findsAfter(scene(), stockFollowsMovements, (db) =>
        sql`update inventory.stock_items set version = version + 1 where ${shelf}`.execute(db),
      );
      expectOne(found, about, /at version/);
    });

    for (const [column, change] of [
      ['on_hand_change', -1_000_000],
      ['reserved_change', 1_000_000],
    ] as const) {
      it(`finds a moment at which there was too little for what was promised (${column})`, async () => {
        const found = await findsAfter(scene(), stockIsNeverNegative, (db) =>
          sql`insert into inventory.stock_movements select (jsonb_populate_record(m, jsonb_build_object('movement_id', gen_random_uuid(),
              'stock_version', 1000, 'type', 'ADJUSTMENT', 'on_hand_change', 0, 'reserved_change', 0, ${column}::text, ${change}::int))).*
            from inventory.stock_movements m join inventory.stock_items i using (stock_item_id) where ${shelf} limit 1`.execute(
            db,
          ),
        );
        expectOne(found, about, /at version 1000/);
      });
    }

    it('finds a reserved unit that nobody holds', async () => {
      const found = await findsAfter(scene(), reservedStockIsHeld, (db) =>
        sql`update inventory.stock_items set reserved = reserved + 1 where ${shelf}`.execute(db),
      );
      expectOne(found, about, /1 reserved, and reservations hold 0/);
    });

    it('finds a paid order that has lost its stock, and a cancelled one that keeps it', async () => {
      const { booked, cancelled } = scene();
      const into = (state: string, id: string) =>
        findsAfter(scene(), paidOrdersHaveTheirStock, (db) =>
          sql`update inventory.reservations set state = ${state} where id = ${id}`.execute(db),
        );
      expectOne(await into('expired.released', booked.id), `order ${booked.id}`, /reservation is expired/);
      expectOne(await into('confirmed.committed', cancelled.id), `order ${cancelled.id}`, /is cancelled, wants 1/);
    });
  });
}
