import { expect } from 'chai';
import { type Kysely, Migrator, sql } from 'kysely';
import { orderMachine } from '../../machines/order/order.machine.js';
import { columnsFollowSnapshots } from '../../scripts/chaos/check/journals.js';
import { type Connection, connect } from '../../src/db/connect.js';
import { migrations } from '../../src/db/migrations/index.js';
import { given, id } from '../machines/given.js';
import { lamp, orderId, placed } from '../machines/orderMessages.js';
import { current, pro } from '../machines/subscriptionStory.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';
import { storeActor } from './storeActor.js';

describe('a database from before snapshots were plain JSON', () => {
  let database: TestDatabase;
  let connection: Connection;
  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 2, name: 'test', onError: () => undefined });
    await sql`
      do $$ declare name text; begin
        for name in select nspname from pg_namespace where nspname !~ '^(pg_|information_schema|public)' loop
          execute format('drop schema %I cascade', name);
        end loop;
        drop table public.kysely_migration, public.kysely_migration_lock;
      end $$`.execute(connection.db);
    await migrateTo('0015_usage');
  });
  after(async () => {
    await connection.close();
    await database.drop();
  });

  async function migrateTo(name: string): Promise<void> {
    const provider = { getMigrations: () => Promise.resolve(migrations) };
    const { error } = await new Migrator({ db: connection.db as unknown as Kysely<unknown>, provider }).migrateTo(name);
    if (error) throw error;
  }

  const store = (table: string, id: string, { state, context }: { state: string; context: object }) =>
    sql`insert into ${sql.table(table)} (id, version, machine_version, state, snapshot, correlation_id, updated_at)
      values (${id}, 1, 1, ${state}, ${JSON.stringify({ value: state, context, status: 'active', armed: {} })}, ${id}, now())`.execute(
      connection.db,
    );

  const shown = async () => [
    await sql`
      select order_number, customer_id, subscription_id, rest_status, currency, total_minor, placed_at from orders.orders`.execute(
      connection.db,
    ),
    await sql`
      select customer_id, kind, plan_id, status, period_start, period_end, started_at, ends_at
      from subscriptions.subscriptions order by status`.execute(connection.db),
    await sql`select * from orders.order_items order by line`.execute(connection.db),
  ];

  it('shows people the same when they are, and goes on from there', async () => {
    const order = given(orderMachine, placed({ customerId: null }));
    const { context: running } = current();
    const leaving = { ...running, cancellation: { effectiveAt: '2026-02-10T10:00:00.000Z' } };
    await sql`
      insert into subscriptions.plans (plan_id, name, price_minor, currency, billing_cycle, interval_count, trial_days, tax_region)
      values (${pro.planId}, ${pro.name}, 2999, 'USD', 'monthly', 1, 0, 'US')`.execute(connection.db);
    await store('orders.orders', orderId, order);
    await store('subscriptions.subscriptions', id('leaving'), { state: 'cancelScheduled', context: leaving });
    await store('subscriptions.subscriptions', id('suspended'), { state: 'suspended', context: running });
    const before = (await shown()).map(({ rows }) => rows);
    expect(before[1]?.map((row) => (row as { ends_at: string }).ends_at)).to.deep.equal([
      '2026-02-10T10:00:00.000Z',
      running.period?.end,
    ]);

    await migrateTo('0016_plainSnapshots');
    expect((await shown()).map(({ rows }) => rows)).to.deep.equal(before);
    expect(await columnsFollowSnapshots(connection)).to.deep.equal([]);

    const [line] = order.context.items.filter(({ productId }) => productId === lamp);
    const context = { ...order.context, items: [line], totalAmount: { amount: 2_999, currency: 'USD' } };
    await storeActor(connection.db, 'orders.orders', orderId, { state: 'paid', context });
    const [orders, , lines] = await shown();
    expect(orders?.rows[0]).to.include({ rest_status: 'processing', total_minor: '2999' });
    expect(lines?.rows).to.have.length(1);
  });
});
