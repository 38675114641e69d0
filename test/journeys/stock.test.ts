import { expect } from 'chai';
import { seededWarehouses } from '../../scripts/seed/catalogue.js';
import { eventually } from '../support/eventually.js';
import { itKeepsItsBooks } from './books.js';
import { product } from './fixtures.js';
import { type Order, openShop, type Shipment, type Shop } from './shop.js';

describe('an order for more than there is', function () {
  this.timeout(60_000);
  const record = product('VNL-LIM-77');
  const plant = product('PLT-MONST-17');
  const mug = product('MUG-STONE-35');
  const [, louisville, rotterdam] = seededWarehouses;
  const of = (productId: string, quantity = 1) => ({ productId, quantity });
  const wait = { prefer: 'wait=30' };
  let shop: Shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop?.close());

  const outcome = ({ state, cancellation }: Order) => cancellation?.reason ?? state;

  it('is cancelled: nothing is held, nothing is charged (O-07, V-03)', async () => {
    const shelf = await shop.stock(mug.id);
    const order = await shop.place({ items: [of(mug.id, 2), of(record.id)] }, wait);
    expect(order).to.include({ state: 'cancelled', status: 'cancelled', payment: null });
    expect(outcome(order)).to.equal('OUT_OF_STOCK');
    expect(await shop.reservation(order.id)).to.equal('cancelled');
    expect(await shop.movements(order.id)).to.deep.equal([]);
    expect(await shop.stock(mug.id)).to.deep.equal(shelf);
    expect(shop.charged(order.id)).to.deep.equal({ charges: 0, refunds: 0, net: 0, declines: 0 });
    await shop.hears(order.id, 'order_cancelled');
    expect(await shop.told(order.id)).to.deep.equal(['order_confirmation', 'order_cancelled']);
    const status = await shop.do<object>('GET', `/v1/orders/${order.id}/payment-status`);
    expect(status).to.include({ paymentStatus: 'failed', transactionId: null });
  });

  it('cannot be cancelled again, nor paid', async () => {
    const { id } = await shop.place({ items: [of(record.id)] }, wait);
    const problem = await shop.refused(409, 'CONFLICT_ERROR', 'POST', `/v1/orders/${id}/cancel`, {});
    expect(problem).to.deep.include({ currentState: 'cancelled' });
  });

  it('leaves the last unit to exactly one of two customers who want it at the same time', async () => {
    for (let round = 0; round < 3; round++) {
      const { onHand } = await shop.stock(record.id);
      await shop.count(record.id, onHand + 1);
      const two = [shop.place({ items: [of(record.id)] }, wait), shop.place({ items: [of(record.id)] }, wait)];
      const orders = await Promise.all(two);
      const outcomes = orders.map(outcome);
      expect(outcomes.filter((each) => each === 'OUT_OF_STOCK')).to.have.length(1);
      const winner = orders.find(({ cancellation }) => cancellation === null) as Order;
      await shop.orderIn(winner.id, 'fulfilling.booked');
      expect(shop.charged(winner.id)).to.include({ charges: 1, net: winner.totalAmount.amount });
      expect(await shop.stock(record.id)).to.deep.equal({ onHand: onHand + 1, reserved: onHand + 1 });
    }
  });

  it('never sells more than there is to twenty customers at once', async () => {
    const { onHand } = await shop.stock(record.id);
    await shop.count(record.id, onHand + 7);
    const orders = await Promise.all(
      Array.from({ length: 20 }, (_, n) => shop.place({ items: [of(mug.id), of(record.id, 1 + (n % 2))] }, wait)),
    );
    const sold = orders.filter(({ cancellation }) => cancellation === null);
    const units = sold.flatMap(({ items }) => items).filter(({ productId }) => productId === record.id);
    const shelf = await shop.stock(record.id);
    expect(units.reduce((sum, { quantity }) => sum + quantity, 0)).to.equal(shelf.reserved - onHand);
    // Whoever wanted two may have found one left.
    expect(shelf.onHand - shelf.reserved).to.be.within(0, 1);
    for (const { id } of sold) await shop.orderIn(id, 'fulfilling.booked');
  });

  it('comes in a parcel from each warehouse that it takes (R-14, G-14)', async () => {
    await shop.count(plant.id, 2);
    const placed = await shop.place({ items: [of(plant.id, 5), of(mug.id)] }, wait);
    let order = await shop.orderIn(placed.id, 'fulfilling.booked');
    expect(order.shipments.map(({ warehouseId }) => warehouseId)).to.have.members([louisville.id, rotterdam.id]);
    const shipments = await Promise.all(
      order.shipments.map(({ id }) => shop.do<Shipment>('GET', `/v1/shipments/${id}`)),
    );
    const units = Object.fromEntries(
      shipments.flatMap(({ warehouseId, items }) =>
        items.map(({ productId, quantity }) => [`${productId} in ${warehouseId}`, quantity]),
      ),
    );
    expect(units).to.deep.equal({
      [`${plant.id} in ${louisville.id}`]: 2,
      [`${mug.id} in ${louisville.id}`]: 1,
      [`${plant.id} in ${rotterdam.id}`]: 3,
    });
    const [first, second] = order.shipments.map(({ id }) => id);
    const report = (id: string | undefined, status: string) => shop.do('PUT', `/v1/shipments/${id}/status`, { status });
    await report(first, 'dispatched');
    await shop.orderIn(placed.id, 'shipped.dispatched');
    await shop.refused(409, 'CONFLICT_ERROR', 'POST', `/v1/orders/${placed.id}/cancel`, {});
    await report(first, 'delivered');
    await report(second, 'dispatched');
    order = await eventually('one parcel is at the door, one on its way', async () => {
      const now = await shop.order(placed.id);
      return now.shipments.every(({ state }) => state !== 'booked') && now;
    });
    expect(order.state).to.match(/^shipped\./);
    await report(second, 'delivered');
    await shop.orderIn(placed.id, 'delivered');
    expect(await shop.reservation(placed.id)).to.equal('fulfilled');
  });

  itKeepsItsBooks(() => shop);
});
