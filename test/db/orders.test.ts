import { expect } from 'chai';
import { type Connection, connect } from '../../src/db/connect.js';
import '../../src/db/tables.all.js';
import { orderMachine } from '../../machines/order/order.machine.js';
import { orderView } from '../../machines/order/order.view.js';
import { given, id } from '../machines/given.js';
import { customerId, lamp, mug, orderId, placed } from '../machines/orderMessages.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';
import { storeActor } from './storeActor.js';

describe('the orders schema', () => {
  let database: TestDatabase;
  let connection: Connection;

  before(async function () {
    this.timeout(60_000);
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 2, name: 'test', onError: () => undefined });
    await connection.db.insertInto('orders.customers').values(customer(customerId, 'Ada@example.com')).execute();
  });

  after(async () => {
    await connection.close();
    await database.drop();
  });

  const customer = (customer_id: string, email: string) => ({
    customer_id,
    first_name: 'Ada',
    last_name: 'Byron',
    email,
    phone: null,
    locale: 'en-GB',
    preferred_currency: null,
    country: 'GB',
    address: null,
  });
  const order = () => given(orderMachine, placed());
  const store = (key: string, change: object = {}, state = 'confirmed.reserving') => {
    const { context } = order();
    return storeActor(connection.db, 'orders.orders', id(key), {
      state,
      context: { ...context, orderId: id(key), orderNumber: `ORD-${key}`, ...change },
    });
  };
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => 'no error',
      (error: Error) => error.message,
    );

  it('shows what people query of an order', async () => {
    await storeActor(connection.db, 'orders.orders', orderId, order());
    const row = await connection.db
      .selectFrom('orders.orders')
      .select(['order_number', 'customer_id', 'subscription_id', 'rest_status', 'currency', 'total_minor', 'placed_at'])
      .where('id', '=', orderId)
      .executeTakeFirst();
    expect(row).to.deep.equal({
      order_number: 'FM-2026-000001',
      customer_id: customerId,
      subscription_id: null,
      rest_status: 'pending',
      currency: 'USD',
      total_minor: '13497',
      placed_at: order().context.placedAt,
    });
  });

  it('shows the lines of an order', async () => {
    await storeActor(connection.db, 'orders.orders', orderId, order());
    const rows = await connection.db
      .selectFrom('orders.order_items')
      .selectAll()
      .where('order_id', '=', orderId)
      .orderBy('line')
      .execute();
    const line = { order_id: orderId, currency: 'USD' };
    expect(rows).to.deep.equal([
      {
        ...line,
        line: 1,
        product_id: mug,
        sku: 'MUG-1',
        product_name: 'Mug',
        quantity: 2,
        unit_price_minor: '4999',
        total_price_minor: '9998',
      },
      {
        ...line,
        line: 2,
        product_id: lamp,
        sku: 'LAMP-1',
        product_name: 'Lamp',
        quantity: 1,
        unit_price_minor: '2999',
        total_price_minor: '2999',
      },
    ]);
  });

  it('gives every state its REST status (C-13)', async () => {
    const states = Object.entries(orderMachine.states).flatMap(([outer, { states: inner }]) => [
      outer,
      ...Object.keys(inner).map((name) => `${outer}.${name}`),
    ]);
    expect(states).to.include('confirmed.fraudHold');
    for (const state of states) {
      await store('in every state', {}, state);
      const { rest_status } = await connection.db
        .selectFrom('orders.orders')
        .select('rest_status')
        .where('id', '=', id('in every state'))
        .executeTakeFirstOrThrow();
      expect(rest_status, state).to.equal(orderView(state).rest);
    }
  });

  it('keeps order numbers unique', async () => {
    await store('first');
    expect(await failure(store('second', { orderNumber: 'ORD-first' }))).to.contain('orders_order_number');
  });

  it('refuses a total below zero, an unknown state, and an unknown customer', async () => {
    expect(await failure(store('a', { totalAmount: { amount: -1, currency: 'USD' } }))).to.contain('orders_total');
    expect(await failure(store('b', {}, 'lost'))).to.contain('rest_status');
    expect(await failure(store('c', { customerId: id('nobody') }))).to.contain('orders_customer');
  });

  it('takes the order of a guest', async () => {
    expect(await failure(store('guest', { customerId: null }))).to.equal('no error');
  });

  it('keeps the email of a customer unique whatever its case', async () => {
    const twin = connection.db
      .insertInto('orders.customers')
      .values(customer(id('twin'), 'aDA@Example.com'))
      .execute();
    expect(await failure(twin)).to.contain('customers_email');
  });
});
