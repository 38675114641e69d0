import { expect } from 'chai';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../../src/db/tables.js';
import { openDatabase } from '../http/connection.js';

/** The tables that the schema diagram of FlowMart draws, column by column, and where each column is here. */
const drawn = {
  'Customers (S-096)': {
    customerId: 'orders.customers.customer_id',
    firstName: 'orders.customers.first_name',
    lastName: 'orders.customers.last_name',
    email: 'orders.customers.email',
    phone: 'orders.customers.phone',
    dateRegistered: 'orders.customers.date_registered',
  },
  'Orders (S-097)': {
    orderId: 'orders.orders.id',
    customerId: 'orders.orders.customer_id',
    orderDate: 'orders.orders.placed_at',
    status: 'orders.orders.rest_status',
    totalAmount: 'orders.orders.total_minor',
  },
  'Products (S-098)': {
    productId: 'inventory.products.product_id',
    name: 'inventory.products.name',
    description: 'inventory.products.description',
    price: 'inventory.products.price_minor',
    stockQuantity: 'inventory.stock_items.available',
  },
  'Order items (S-099)': {
    id: 'orders.order_items.line',
    orderId: 'orders.order_items.order_id',
    productId: 'orders.order_items.product_id',
    quantity: 'orders.order_items.quantity',
    unitPrice: 'orders.order_items.unit_price_minor',
  },
  'Inventory events (S-101)': {
    eventId: 'inventory.stock_movements.movement_id',
    productId: 'inventory.stock_items.product_id',
    eventType: 'inventory.stock_movements.type',
    quantityChange: 'inventory.stock_movements.on_hand_change',
    eventTime: 'inventory.stock_movements.occurred_at',
  },
  'Subscriptions (S-102)': {
    subscriptionId: 'subscriptions.subscriptions.id',
    customerId: 'subscriptions.subscriptions.customer_id',
    plan: 'subscriptions.subscriptions.plan_id',
    status: 'subscriptions.subscriptions.status',
    startDate: 'subscriptions.subscriptions.started_at',
    endDate: 'subscriptions.subscriptions.ends_at',
  },
} as const;

describe('the database', () => {
  let db: Kysely<Database>;
  let close: () => Promise<void>;
  before(async () => {
    ({ db, close } = await openDatabase());
  });
  after(() => close());

  interface Column {
    readonly name: string;
    readonly type: string;
  }
  const columns = async (): Promise<readonly Column[]> =>
    (
      await sql<Column>`
        select table_schema || '.' || table_name || '.' || column_name as name, data_type as type
        from information_schema.columns
        where table_schema not in ('pg_catalog', 'information_schema', 'public')`.execute(db)
    ).rows;

  for (const [table, places] of Object.entries(drawn)) {
    it(`has every column of the drawn table ${table}`, async () => {
      const names = new Set((await columns()).map(({ name }) => name));
      for (const [column, place] of Object.entries(places)) expect(names, column).to.include(place);
    });
  }

  it('keeps foreign keys inside a schema; across schemas there are ids only (S-103)', async () => {
    const { rows } = await sql<{ from: string; to: string; crosses: boolean }>`
      select conrelid::regclass::text as "from", confrelid::regclass::text as "to", a.relnamespace <> b.relnamespace as crosses
      from pg_constraint join pg_class a on a.oid = conrelid join pg_class b on b.oid = confrelid
      where contype = 'f'`.execute(db);
    expect(rows.filter(({ crosses }) => crosses)).to.deep.equal([]);
    expect(rows.map(({ from, to }) => `${from} → ${to}`)).to.include.members([
      'orders.orders → orders.customers',
      'inventory.stock_items → inventory.products',
      'inventory.stock_movements → inventory.stock_items',
      'payments.transactions → payments.payments',
    ]);
    const names = (await columns()).map(({ name }) => name);
    expect(names).to.include.members(['payments.payments.order_id', 'inventory.stock_movements.order_id']);
  });

  it('stores instants with their time zone, and amounts in whole minor units (S-010)', async () => {
    const all = await columns();
    expect(all.filter(({ type }) => /^(timestamp without|date|time)/.test(type) && type !== 'timestamp with time zone'))
      .to.be.empty;
    const amounts = all.filter(({ name }) => /_minor$/.test(name));
    expect(amounts).to.have.length.above(8);
    for (const { name, type } of amounts) expect(type, name).to.equal('bigint');
    expect(all.filter(({ type }) => /^(numeric|money)$/.test(type))).to.be.empty;
  });
});
