import { expect } from 'chai';
import { sql } from 'kysely';
import { eventually } from '../support/eventually.js';
import { wake } from '../support/time.js';
import { itKeepsItsBooks } from './books.js';
import { card, portland, product } from './fixtures.js';
import { type Order, openShop, type Shipment, type Shop } from './shop.js';

describe('an order that is cancelled', function () {
  this.timeout(60_000);
  const mug = product('MUG-STONE-35');
  const wait = { prefer: 'wait=30' };
  let shop: Shop;
  let reserved: number;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop?.close());
  beforeEach(async () => {
    shop.sandbox.clearFaults();
    ({ reserved } = await shop.stock(mug.id));
  });

  /** What a cancelled order must have come to, whenever it was cancelled. */
  async function isOver(id: string, charges: number): Promise<Order> {
    const order = await eventually(`${id} is over`, async () => {
      const now = await shop.order(id);
      const settled = now.payment === null || ['cancelled', 'failed', 'refunded'].includes(now.payment.state);
      return now.state === 'cancelled' && settled && (await shop.reservation(id)) === 'cancelled' && now;
    });
    expect(order).to.deep.include({ status: 'cancelled' });
    expect(order.cancellation).to.include({ reason: 'CUSTOMER_REQUEST' });
    const net = { net: 0, declines: 0 };
    await eventually('its money is back', async () => shop.charged(id).refunds === charges);
    expect(shop.charged(id)).to.deep.equal({ charges, refunds: charges, ...net });
    expect((await shop.stock(mug.id)).reserved, 'its stock is back').to.equal(reserved);
    expect((await shop.movements(id)).at(-1)).to.deep.equal(['reservation_released', 0, -1]);
    await shop.hears(id, 'order_cancelled');
    if (charges > 0) await shop.hears(id, 'refund');
    return order;
  }

  it('before its payment is begun is not charged (O-30, P-18)', async () => {
    const placed = await shop.place();
    const answer = await shop.request<Order>('POST', `/v1/orders/${placed.id}/cancel`, { note: 'Ordered twice.' });
    expect([answer.status, answer.body.state]).to.deep.equal([200, 'cancelled']);
    expect(answer.headers.get('etag')).to.equal(`"${answer.body.version}"`);
    expect(answer.body.cancellation?.note).to.equal('Ordered twice.');
    // How far the payment has come by then, nobody knows; what was taken goes back.
    await shop.quiet();
    await isOver(placed.id, shop.charged(placed.id).charges);
  });

  it('while it waits for another charge is not charged again (O-30, P-18)', async () => {
    const order = await shop.place({ payment: card('chargeDeclinedInsufficientFunds') }, wait);
    await shop.cancel(order.id);
    await shop.attempts(order.id, 1, 'cancelled');
    expect(shop.charged(order.id)).to.deep.equal({ charges: 0, refunds: 0, net: 0, declines: 1 });
    expect((await shop.stock(mug.id)).reserved).to.equal(reserved);
  });

  it('while the charge is on its way is refunded in full, once (O-30, P-18b)', async () => {
    shop.suspendCharges('visa_debit');
    const placed = await shop.place({ payment: card('visa_debit') });
    const order = await shop.attempts(placed.id, 1, 'authorizing');
    await shop.cancel(order.id);
    await eventually('the payment knows', async () =>
      (await shop.timeline(order.id)).some(({ message }) => message.type === 'CancelPayment'),
    );
    expect((await shop.payment(order)).state).to.equal('authorizing');
    shop.sandbox.clearFaults();
    await isOver(order.id, 1);
    const payment = await shop.payment(order);
    expect(payment.refunds).to.have.length(1);
    expect(payment.refunds[0]).to.deep.include({ status: 'completed', amount: order.totalAmount });
  });

  it('while the charge is on its way and then refused is charged nothing (P-18b)', async () => {
    shop.suspendCharges('chargeDeclined');
    const placed = await shop.place({ payment: card('chargeDeclined') });
    const order = await shop.attempts(placed.id, 1, 'authorizing');
    await shop.cancel(order.id);
    shop.sandbox.clearFaults();
    await shop.attempts(order.id, 1, 'cancelled');
    expect(shop.charged(order.id)).to.deep.equal({ charges: 0, refunds: 0, net: 0, declines: 1 });
  });

  it('when it is charged and not booked is refunded, and no label is made (O-30, P-19, P-20, H-15)', async () => {
    const street = `${portland.street} [fail:all]`;
    const placed = await shop.place({ shippingAddress: { ...portland, street } }, wait);
    const order = await shop.orderIn(placed.id, 'fulfilling.awaitingShipment');
    await shop.cancel(order.id);
    const ended = await isOver(order.id, 1);
    expect(ended.payment?.refundedAmount).to.deep.equal(order.totalAmount);
    const [parcel] = ended.shipments;
    await eventually('the parcel is called back', async () => {
      const shipment = await shop.do<Shipment>('GET', `/v1/shipments/${parcel?.id}`);
      return shipment.state === 'cancelled' && shipment.trackingNumber === null;
    });
  });

  describe('when it is booked', () => {
    let order: Order;
    before(async () => {
      const placed = await shop.place({}, wait);
      order = await shop.orderIn(placed.id, 'fulfilling.booked');
    });

    it('is not cancelled by somebody who has seen an older version of it (If-Match)', async () => {
      const path = `/v1/orders/${order.id}/cancel`;
      await shop.refused(412, 'PRECONDITION_FAILED', 'POST', path, {}, { 'if-match': '"1"' });
      expect((await shop.order(order.id)).state).to.equal('fulfilling.booked');
    });

    it('is refunded, and its label is void (PATCH status: cancelled; O-30, H-15)', async () => {
      reserved -= 1;
      const headers = { 'if-match': `"${order.version}"` };
      const answer = await shop.do<Order>('PATCH', `/v1/orders/${order.id}`, { status: 'cancelled' }, headers);
      expect(answer).to.include({ state: 'cancelled', status: 'cancelled' });
      await isOver(order.id, 1);
      await eventually('the label is void', async () => {
        const { rows } = await sql<{ voided: boolean }>`
          select voided_at is not null as voided from shipping.carrier_bookings b
          where tracking_number = ${order.shipments[0]?.trackingNumber}`.execute(shop.db);
        return rows.length === 1 && rows[0]?.voided;
      });
      const shipment = await shop.do<Shipment>('GET', `/v1/shipments/${order.shipments[0]?.id}`);
      expect(shipment.state).to.equal('cancelled');
    });

    it('cannot be cancelled a second time, and is refunded no second time (O-31)', async () => {
      const path = `/v1/orders/${order.id}`;
      for (const [method, to, body] of [
        ['POST', `${path}/cancel`, {}],
        ['PATCH', path, { status: 'cancelled' }],
      ] as const) {
        const problem = await shop.refused(409, 'CONFLICT_ERROR', method, to, body);
        expect(problem).to.deep.include({ currentState: 'cancelled' });
        expect(problem.allowedEvents).to.not.include('CancelOrder');
      }
      const parcel = `/v1/shipments/${order.shipments[0]?.id}/status`;
      await shop.refused(409, 'CONFLICT_ERROR', 'PUT', parcel, { status: 'dispatched' });
      expect(shop.charged(order.id)).to.deep.equal({ charges: 1, refunds: 1, net: 0, declines: 0 });
    });
  });

  it('when its parcel is on its way stays as it is (O-31, H-17)', async () => {
    const placed = await shop.place({}, wait);
    const { shipments } = await shop.orderIn(placed.id, 'fulfilling.booked');
    const parcel = `/v1/shipments/${shipments[0]?.id}`;
    await shop.do('PUT', `${parcel}/status`, { status: 'shipped' });
    await shop.orderIn(placed.id, 'shipped.dispatched');
    const path = `/v1/orders/${placed.id}`;
    const problem = await shop.refused(409, 'CONFLICT_ERROR', 'POST', `${path}/cancel`, {});
    expect(problem).to.include({ currentState: 'shipped.dispatched' });
    expect(problem.allowedEvents).to.be.an('array').that.does.not.include('CancelOrder');
    await shop.refused(409, 'CONFLICT_ERROR', 'PATCH', path, { status: 'cancelled' });
    await shop.refused(409, 'CONFLICT_ERROR', 'PATCH', path, { status: 'completed' });
    await shop.refused(409, 'CONFLICT_ERROR', 'PATCH', path, { status: 'pending' });
    expect((await shop.do<Order>('PATCH', path, { status: 'processing' })).state).to.equal('shipped.dispatched');
    const label = await shop.refused(409, 'CONFLICT_ERROR', 'POST', `${parcel}/cancel`, {});
    expect(label).to.include({ currentState: 'dispatched' });
    await shop.do('PUT', `${parcel}/status`, { status: 'delivered' });
    await shop.orderIn(placed.id, 'delivered');
    expect((await shop.do<Order>('PATCH', path, { status: 'completed' })).status).to.equal('completed');
    await shop.refused(409, 'CONFLICT_ERROR', 'POST', `${path}/cancel`, {});
    expect(shop.charged(placed.id)).to.include({ charges: 1, refunds: 0 });
  });

  it('by two people at once is cancelled once', async () => {
    const placed = await shop.place({}, wait);
    await shop.orderIn(placed.id, 'fulfilling.booked');
    const path = `/v1/orders/${placed.id}/cancel`;
    const answers = await Promise.all([1, 2, 3].map(() => shop.request('POST', path, {})));
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 409, 409]);
    await isOver(placed.id, 1);
  });

  it('gets its money back although Stripe fails at first', async () => {
    const placed = await shop.place({}, wait);
    await shop.orderIn(placed.id, 'fulfilling.booked');
    shop.sandbox.addFault({
      match: { method: 'POST', path: '/v1/refunds', times: 1 },
      fault: 'cut_connection_after_success',
    });
    await shop.cancel(placed.id);
    await isOver(placed.id, 1);
  });

  it('is told of its refund once that is through, should it take days', async () => {
    const { id, payment } = await shop.place({ payment: card('pendingRefund') }, wait);
    await shop.orderIn(id, 'fulfilling.booked');
    await shop.cancel(id);
    await eventually('Stripe has settled the refund', async () =>
      shop.sandbox.ledger().some((entry) => entry.type === 'refundSettled' && entry.orderId === id),
    );
    expect((await shop.payment(await shop.order(id))).refunds[0]?.status).to.equal('processing');
    await wake(shop.db, payment?.id ?? '', 'RefundCharge');
    await isOver(id, 1);
  });

  itKeepsItsBooks(() => shop);
});
