import { type Kysely, sql } from 'kysely';
import type { FlowmartOutgoing, MessageName } from '../../../machines/index.js';
import type { Allocation } from '../../../machines/shared/values.js';
import { type Connection, connect } from '../../../src/db/connect.js';
import type { Database } from '../../../src/db/tables.js';
import type { Handled } from '../../../src/runtime/ports.js';
import { stock } from '../../../src/services/inventory/stock.js';
import { id, message } from '../../machines/given.js';
import { type TestDatabase, testDatabase } from '../../support/servers.js';

export type StockMessages = Parameters<typeof stock.handle>[1];

export const mug = id('mug');
export const lamp = id('lamp');
export const chair = id('chair');
export const reno = id('reno');
export const dublin = id('dublin');
export const osaka = id('osaka');

/** The stock item of a product in a warehouse. */
export const itemOf = (productId: string, warehouseId: string) => id(`${productId} in ${warehouseId}`);

export const address = (country: string) => ({ street: '1 Main St', city: 'Town', postalCode: '1', country });

/** A database with three products, and three warehouses on three continents, without any stock. */
export class Shop {
  private constructor(
    readonly db: Kysely<Database>,
    private readonly connection: Connection,
    private readonly database: TestDatabase,
  ) {}

  static async open(): Promise<Shop> {
    const database = await testDatabase();
    const connection = connect({ url: database.url, poolSize: 24, name: 'test', onError: () => {} });
    const shop = new Shop(connection.db, connection, database);
    await shop.db
      .insertInto('inventory.products')
      .values([
        product(mug, 'MUG', 'Mug', 1299),
        product(lamp, 'LAMP', 'Lamp', 4900),
        product(chair, 'CHAIR', 'Chair', 19900),
      ])
      .execute();
    await shop.db
      .insertInto('inventory.warehouses')
      .values([
        {
          warehouse_id: reno,
          code: 'US-WEST-1',
          name: 'Reno',
          region: 'west',
          country: 'US',
          lat: 39.5,
          lon: -119.8,
          capacity: 1_000_000,
        },
        {
          warehouse_id: dublin,
          code: 'EU-WEST-1',
          name: 'Dublin',
          region: 'europe',
          country: 'IE',
          lat: 53.3,
          lon: -6.3,
          capacity: 1_000_000,
        },
        {
          warehouse_id: osaka,
          code: 'AP-EAST-1',
          name: 'Osaka',
          region: 'asia',
          country: 'JP',
          lat: 34.7,
          lon: 135.5,
          capacity: 1_000_000,
        },
      ])
      .execute();
    return shop;
  }

  get url(): string {
    return this.database.url;
  }

  async close(): Promise<void> {
    await this.connection.close();
    await this.database.drop();
  }

  /** Hands messages to the stock handler as one drain does. */
  async tell(...messages: StockMessages): Promise<readonly Handled[]> {
    return this.db.transaction().execute((trx) => stock.handle(trx, messages));
  }

  /** Puts goods on the shelf. */
  async stockUp(productId: string, warehouseId: string, quantity: number): Promise<void> {
    await this.tell(added(productId, warehouseId, quantity));
  }

  /** On hand, reserved and available of a product in a warehouse. */
  async level(productId: string, warehouseId: string): Promise<readonly [number, number, number]> {
    const row = await this.db
      .selectFrom('inventory.stock_items')
      .select(['on_hand', 'reserved', 'available'])
      .where('product_id', '=', productId)
      .where('warehouse_id', '=', warehouseId)
      .executeTakeFirstOrThrow();
    return [row.on_hand, row.reserved, row.available];
  }

  /** Every stock item: what it holds, and what its movements add up to. */
  async ledger() {
    const { rows } = await sql<{
      item: string;
      onHand: number;
      reserved: number;
      onHandMoved: number;
      reservedMoved: number;
    }>`
      select s.stock_item_id as item, s.on_hand as "onHand", s.reserved, coalesce(sum(m.on_hand_change), 0)::int as "onHandMoved",
        coalesce(sum(m.reserved_change), 0)::int as "reservedMoved"
      from inventory.stock_items s left join inventory.stock_movements m using (stock_item_id)
      group by s.stock_item_id`.execute(this.db);
    return rows;
  }

  /** Back to the beginning: no stock, all warehouses open. */
  async empty(): Promise<void> {
    await sql`alter table inventory.stock_movements disable trigger stock_movements_append_only`.execute(this.db);
    await sql`truncate inventory.stock_movements, inventory.stock_items`.execute(this.db);
    await sql`alter table inventory.stock_movements enable trigger stock_movements_append_only`.execute(this.db);
    await sql`update inventory.warehouses set is_active = true, capacity = 1000000`.execute(this.db);
  }
}

const product = (productId: string, sku: string, name: string, price: number) => ({
  product_id: productId,
  sku,
  name,
  price_minor: price,
  currency: 'USD',
  category: 'home',
});

export const added = (productId: string, warehouseId: string, quantity: number) =>
  message('AddInventory', {
    stockItemId: itemOf(productId, warehouseId),
    productId,
    warehouseId,
    quantity,
    performedBy: 'receiving',
  });

let orders = 0;

/** An order's wish for stock, delivered to a country. */
export function wanted(lines: readonly (readonly [productId: string, quantity: number])[], country = 'US') {
  orders += 1;
  return message('AllocateStock', {
    orderId: id(`order ${orders}`),
    destination: address(country),
    lines: lines.map(([productId, quantity]) => ({ productId, quantity })),
  });
}

/** The messages of one type among what was said. */
export function said<N extends MessageName>(handled: Handled | undefined, type: N): FlowmartOutgoing<N>[] {
  return (handled?.emit ?? []).filter((one): one is FlowmartOutgoing<N> => one.type === type);
}

/** What an order holds after its wish was granted. */
export function allocationsOf(handled: Handled | undefined): Allocation[] {
  const [granted] = said(handled, 'StockAllocated');
  if (!granted) throw new Error('nothing was allocated');
  return granted.data.allocations;
}
