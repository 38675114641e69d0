import { expect } from 'chai';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../../src/db/tables.js';
import { newId } from '../../src/http/ids.js';
import { createWaiter, type Waiter } from '../../src/http/waiters.js';
import { storeActor } from '../db/storeActor.js';
import { openDatabase } from './connection.js';

describe('waiting for orders', () => {
  let db: Kysely<Database>;
  let close: () => Promise<void>;
  let waiter: Waiter;
  let queries: number;

  before(async () => {
    ({ db, close } = await openDatabase());
  });
  after(() => close());
  beforeEach(() => {
    queries = 0;
    const counting = db.withPlugin({
      transformQuery: ({ node }) => {
        queries++;
        return node;
      },
      transformResult: ({ result }) => Promise.resolve(result),
    });
    waiter = createWaiter(counting);
  });
  afterEach(() => waiter.close());

  const never = () => new AbortController().signal;

  async function storeOrder(state: string): Promise<string> {
    const id = newId();
    const context = { orderNumber: id, customerId: null, totalAmount: { amount: 1, currency: 'USD' } };
    await storeActor(db, 'orders.orders', id, { state, context });
    return id;
  }

  const move = (id: string, state: string) =>
    sql`update orders.orders set state = ${state} where id = ${id}`.execute(db);

  async function timed(work: Promise<void>): Promise<number> {
    const startedAt = performance.now();
    await work;
    return performance.now() - startedAt;
  }

  for (const state of [
    'confirmed.fraudHold',
    'confirmed.paymentRetry',
    'paid',
    'fulfilling.booked',
    'cancelled',
    'delivered',
  ]) {
    it(`ends at once for one that is ${state}`, async () => {
      expect(await timed(waiter.settled('order', await storeOrder(state), 5000, never()))).to.be.below(1000);
    });
  }

  for (const state of ['pending', 'confirmed.reserving', 'confirmed.awaitingPayment']) {
    it(`goes on while one is ${state}, as long as was asked`, async () => {
      expect(await timed(waiter.settled('order', await storeOrder(state), 150, never()))).to.be.within(140, 1000);
    });
  }

  /** A subscription in a state, with what its context says of what is under way. */
  async function storeSubscription(state: string, underWay: object = {}): Promise<string> {
    const [id, customerId] = [newId(), newId()];
    await sql`insert into orders.customers (customer_id, first_name, last_name, email)
      values (${customerId}, 'Ada', 'Byron', ${`${customerId}@example.com`})`.execute(db);
    const context = {
      customerId,
      terms: { kind: 'delivery' },
      bill: null,
      change: null,
      cancellation: null,
      ...underWay,
    };
    await storeActor(db, 'subscriptions.subscriptions', id, { state, context });
    return id;
  }
  const wanted = { attempt: null, wanted: 'request' };
  const settledSubscriptions: [string, object][] = [
    ['active.current', {}],
    ['trialing', {}],
    ['pastDue', { bill: { attempt: null, wanted: null } }],
    ['active.offerPending', { bill: wanted, cancellation: { reason: 'other' } }],
    ['cancelled', {}],
  ];
  const movingSubscriptions: [string, object][] = [
    ['pending', {}],
    ['active.renewing', {}],
    ['active.cancelling', {}],
    ['grace', { bill: { attempt: { id: 'payment' }, wanted: null } }],
    ['suspended', { bill: wanted }],
    ['active.current', { change: { plan: 'dearer' } }],
  ];

  for (const [state, underWay] of settledSubscriptions) {
    it(`ends at once for a subscription that is ${state} with ${JSON.stringify(underWay)}`, async () => {
      const id = await storeSubscription(state, underWay);
      expect(await timed(waiter.settled('subscription', id, 5000, never()))).to.be.below(1000);
    });
  }

  for (const [state, underWay] of movingSubscriptions) {
    it(`goes on while a subscription is ${state} with ${JSON.stringify(underWay)}`, async () => {
      const id = await storeSubscription(state, underWay);
      expect(await timed(waiter.settled('subscription', id, 150, never()))).to.be.within(140, 1000);
    });
  }

  it('ends when the order gets there', async () => {
    const id = await storeOrder('confirmed.reserving');
    const waiting = timed(waiter.settled('order', id, 10_000, never()));
    setTimeout(() => move(id, 'paid'), 100);
    expect(await waiting).to.be.within(90, 2000);
  });

  it('ends when the client goes away', async () => {
    const gone = new AbortController();
    const waiting = timed(waiter.settled('order', await storeOrder('pending'), 10_000, gone.signal));
    setTimeout(() => gone.abort(), 50);
    expect(await waiting).to.be.below(1000);
  });

  it('ends when the process does, and does not begin again', async () => {
    const id = await storeOrder('pending');
    const waiting = timed(waiter.settled('order', id, 10_000, never()));
    waiter.close();
    expect(await waiting).to.be.below(1000);
    expect(await timed(waiter.settled('order', id, 10_000, never()))).to.be.below(1000);
  });

  it('asks the database once for all that wait, and not at all when nobody does', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => storeOrder('pending')));
    await Promise.all(ids.map((id) => waiter.settled('order', id, 220, never())));
    expect(queries).to.be.within(2, 6);
    const before = queries;
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(queries).to.equal(before);
  });

  it('outlives a failing database', async () => {
    const broken = createWaiter(db);
    const id = await storeOrder('pending');
    await sql`alter schema orders rename to elsewhere`.execute(db);
    try {
      expect(await timed(broken.settled('order', id, 100, never()))).to.be.within(90, 1000);
    } finally {
      await sql`alter schema elsewhere rename to orders`.execute(db);
      broken.close();
    }
  });
});
