import { expect } from 'chai';
import { type Kysely, sql } from 'kysely';
import { seed } from '../../scripts/seed.js';
import { type Connection, connect } from '../../src/db/connect.js';
import type { Database } from '../../src/db/tables.js';
import '../../src/db/tables.all.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';

describe('seeding', () => {
  let database: TestDatabase;
  let connection: Connection;
  let db: Kysely<Database>;

  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 2, name: 'test', onError: () => {} });
    db = connection.db;
  });

  after(async () => {
    await connection.close();
    await database.drop();
  });

  it('adds products, warehouses, stock, plans and customers', async () => {
    expect(await seed(database.url)).to.be.greaterThan(100);
    expect(await countOf('inventory.products')).to.be.at.least(12);
    expect(await countOf('inventory.warehouses')).to.equal(3);
    expect(await countOf('orders.customers')).to.equal(3);
    const plans = await db
      .selectFrom('subscriptions.plans')
      .select(['name', 'price_minor'])
      .orderBy('plan_id')
      .execute();
    expect(plans).to.deep.equal([
      { name: 'Pro Monthly', price_minor: '2999' },
      { name: 'Enterprise Annual', price_minor: '49900' },
    ]);
  });

  it('brings all stock in by movements, within the capacity of the warehouse', async () => {
    const { rows } = await sql<{ on_hand: number; moved: number }>`
      select s.on_hand, coalesce(sum(m.on_hand_change), 0)::integer as moved
      from inventory.stock_items s left join inventory.stock_movements m using (stock_item_id)
      group by s.stock_item_id`.execute(db);
    expect(rows.filter((row) => row.on_hand !== row.moved)).to.deep.equal([]);
    expect(rows.some((row) => row.on_hand > 0)).to.equal(true);
    const overfull = await sql`
      select w.code from inventory.warehouses w join inventory.stock_items s using (warehouse_id)
      group by w.warehouse_id having sum(s.on_hand) > w.capacity`.execute(db);
    expect(overfull.rows).to.deep.equal([]);
  });

  it('adds nothing the second time, and leaves what has changed since', async () => {
    await db.updateTable('inventory.products').set({ price_minor: 1 }).where('sku', '=', 'COF-BEAN-1KG').execute();
    expect(await seed(database.url)).to.equal(0);
    const product = db.selectFrom('inventory.products').select('price_minor').where('sku', '=', 'COF-BEAN-1KG');
    expect((await product.executeTakeFirstOrThrow()).price_minor).to.equal('1');
  });

  async function countOf(table: 'inventory.products' | 'inventory.warehouses' | 'orders.customers'): Promise<number> {
    const { count } = await db
      .selectFrom(table)
      .select((expression) => expression.fn.countAll<string>().as('count'))
      .executeTakeFirstOrThrow();
    return Number(count);
  }
});
