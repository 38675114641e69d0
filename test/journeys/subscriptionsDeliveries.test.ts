import { expect } from 'chai';
import { sql } from 'kysely';
import { card, portland, product } from './fixtures.js';
import type { Order, Shop } from './shop.js';
import { expectStands, openShopWithClocks, Subscriber, type Subscription, start } from './subscriber.js';

const mug = product('MUG-STONE-35');
const second = '2026-02-28T10:00:00.000Z';

describe('a subscription to a delivery', function () {
  this.timeout(120_000);
  let shop: Shop;
  before(async () => {
    shop = await openShopWithClocks();
  });
  after(() => shop?.close());

  const monthly = (items: object[] = [{ productId: mug.id, quantity: 2 }]) => ({
    delivery: { items, billingCycle: 'monthly', shippingAddress: portland },
    payment: card('visa'),
  });

  /** The orders of a subscription, oldest first. */
  const ordersOf = async ({ id }: Subscriber): Promise<Order[]> =>
    (await shop.do<{ items: Order[] }>('GET', `/v1/orders?subscriptionId=${id}`)).items.reverse();

  const priced = (productId: string, amount: number) =>
    sql`update inventory.products set price_minor = ${amount} where product_id = ${productId}`.execute(shop.db);

  /** Counts every shelf of a product anew: only what is reserved is left. */
  async function sellOut(productId: string): Promise<void> {
    const { rows } = await sql<{ warehouse_id: string; reserved: number }>`
      select warehouse_id, reserved from inventory.stock_items where product_id = ${productId}`.execute(shop.db);
    for (const { warehouse_id: warehouseId, reserved: quantity } of rows)
      await shop.do('PUT', `/v1/inventory/products/${productId}/stock`, { warehouseId, quantity });
  }

  it('orders its products now and every month, less ten percent, as orders that know it', async () => {
    const subscriber = await Subscriber.join(shop, monthly());
    await expectStands(subscriber, 'active.current', 'full');
    await subscriber.advance({ to: second });
    const orders = await ordersOf(subscriber);
    expect(orders).to.have.lengthOf(2);
    for (const order of orders) {
      expect(order.subscriptionId).to.equal(subscriber.id);
      expect(order.items.map(({ productId, quantity }) => [productId, quantity])).to.deep.equal([[mug.id, 2]]);
      expect(order.discount.amount).to.equal(Math.floor(order.subtotal.amount / 10));
      expect(['paid', 'fulfilling']).to.include(order.state.split('.')[0]);
    }
    const { nextBillingDate } = await subscriber.read();
    expect(nextBillingDate).to.equal('2026-03-31T10:00:00.000Z');
    expect(await subscriber.told()).to.include('delivery_reminder');
  });

  it('does not begin where we do not deliver, and costs nothing (S-01)', async () => {
    const customerId = await shop.customer(await shop.clock(start));
    const { delivery, payment } = monthly();
    const body = { customerId, payment, delivery: { ...delivery, shippingAddress: { ...portland, country: 'BR' } } };
    const { detail } = await shop.refused(422, 'UNSUPPORTED_COUNTRY', 'POST', '/v1/subscriptions', body);
    expect(detail).to.equal('FlowMart does not deliver to BR.');
    await shop.quiet();
    for (const what of ['subscriptions', 'orders'])
      expect((await shop.do<{ items: unknown[] }>('GET', `/v1/${what}?customerId=${customerId}`)).items).to.be.empty;
  });

  it('can leave the next one out', async () => {
    const subscriber = await Subscriber.join(shop, monthly());
    const skipped = await subscriber.ask('delivery/skip');
    expect(skipped.nextBillingDate).to.equal('2026-03-31T10:00:00.000Z');
    await subscriber.advance({ to: '2026-03-30T10:00:00.000Z' });
    expect(await ordersOf(subscriber)).to.have.lengthOf(1);
    await subscriber.advance({ to: '2026-03-31T10:00:00.000Z' });
    expect(await ordersOf(subscriber)).to.have.lengthOf(2);
    expect(await subscriber.told()).to.include('delivery_skipped');
  });

  it('can have the next one on another day, and keeps the days after it', async () => {
    const subscriber = await Subscriber.join(shop, monthly());
    const move = (deliverAt: string) => subscriber.ask('delivery/move', { deliverAt });
    expect((await move('2026-02-20T08:00:00.000Z')).nextBillingDate).to.equal('2026-02-20T08:00:00.000Z');
    await subscriber.advance({ to: '2026-02-20T08:00:00.000Z' });
    expect(await ordersOf(subscriber)).to.have.lengthOf(2);
    expect((await subscriber.read()).nextBillingDate).to.equal('2026-03-31T10:00:00.000Z');
    for (const deliverAt of [start, '2026-05-31T10:00:00.000Z']) {
      const body = { deliverAt };
      const refused = await shop.refused(409, 'CONFLICT_ERROR', 'POST', subscriber.path('delivery/move'), body);
      expect(refused.detail).to.contain('before the delivery after it');
    }
  });

  it('changes its quantities from the next one on', async () => {
    const subscriber = await Subscriber.join(shop, monthly());
    const items = [{ productId: mug.id, quantity: 3 }];
    const changed = await subscriber.ask('delivery/items', { items }, 'PUT');
    expect(changed.delivery?.items[0]).to.include({ productId: mug.id, quantity: 3 });
    await subscriber.advance({ to: second });
    const [, order] = await ordersOf(subscriber);
    expect(order?.items[0]?.quantity).to.equal(3);
    const gone = { items: [{ productId: subscriber.id, quantity: 1 }] };
    await shop.refused(422, 'UNKNOWN_PRODUCT', 'PUT', subscriber.path('delivery/items'), gone);
    // No order could be placed for so many: every delivery would be left out.
    const tooMany = { items: Array(100).fill({ productId: mug.id, quantity: 1000 }) };
    await shop.refused(422, 'ORDER_TOO_LARGE', 'PUT', subscriber.path('delivery/items'), tooMany);
    expect((await subscriber.read()).delivery?.items[0]?.quantity).to.equal(3);
  });

  it('comes without what is out of stock, and not at all when that is everything', async () => {
    const mat = product('YGA-MAT-5');
    const kept = monthly([
      { productId: mug.id, quantity: 1 },
      { productId: mat.id, quantity: 1 },
    ]);
    const [both, only] = [
      await Subscriber.join(shop, kept),
      await Subscriber.join(shop, monthly([{ productId: mat.id, quantity: 1 }])),
    ];
    await sellOut(mat.id);
    await both.advance({ to: second });
    await only.advance({ to: second });
    const [, partial] = await ordersOf(both);
    expect(partial?.items.map(({ productId }) => productId)).to.deep.equal([mug.id]);
    expect((await both.read()).leftOut).to.deep.equal([{ productId: mat.id, reason: 'unavailable', unitPrice: null }]);
    expect(await both.told()).to.include('delivery_adjusted');
    expect(await ordersOf(only)).to.have.lengthOf(1);
    await expectStands(only, 'active.current', 'full');
    expect(await only.told()).to.include('delivery_skipped');
  });

  it('comes without what has become dearer by more than a tenth, until that is agreed to', async () => {
    const subscriber = await Subscriber.join(shop, monthly());
    const dearer = Math.ceil(mug.prices.USD * 1.2);
    await priced(mug.id, dearer);
    await subscriber.advance({ to: second });
    const waits: Subscription = await subscriber.read();
    const unitPrice = { amount: dearer, currency: 'USD' };
    expect(waits.leftOut).to.deep.equal([{ productId: mug.id, reason: 'priceRise', unitPrice }]);
    expect(await ordersOf(subscriber)).to.have.lengthOf(1);
    const agree = (amount: number) => ({ items: [{ productId: mug.id, price: { amount, currency: 'USD' } }] });
    await shop.refused(422, 'PRICE_MISMATCH', 'POST', subscriber.path('delivery/prices'), agree(dearer - 1));
    await subscriber.ask('delivery/prices', agree(dearer));
    await subscriber.advance({ to: '2026-03-31T10:00:00.000Z' });
    const [, order] = await ordersOf(subscriber);
    expect(order?.items[0]?.unitPrice).to.deep.equal(unitPrice);
    await priced(mug.id, mug.prices.USD);
  });

  it('that cannot be paid is owed as an invoice would be, and another card pays it', async () => {
    const subscriber = await Subscriber.join(shop, monthly());
    await subscriber.payWith('chargeDeclinedExpiredCard');
    await subscriber.advance({ to: second });
    await subscriber.advance({ by: 'PT2H' });
    const [, unpaid] = await ordersOf(subscriber);
    expect(unpaid?.payment?.failureReason).to.equal('expired_card');
    const paid = await subscriber.payWith('visa');
    expect(paid.state).to.equal('active.current');
  });
});
