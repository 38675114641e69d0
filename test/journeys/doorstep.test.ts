import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { TimelineEntry } from '../../src/http/timeline.js';
import { eventually } from '../support/eventually.js';
import { itKeepsItsBooks } from './books.js';
import { product } from './fixtures.js';
import { type Order, openShop, type Shipment, type Shop } from './shop.js';

describe('an order from HTTP to doorstep', function () {
  this.timeout(60_000);
  const beans = product('COF-BEAN-1KG');
  const mug = product('MUG-STONE-35');
  const total = 2 * beans.prices.USD + mug.prices.USD;
  let shop: Shop;
  let customerId: string;
  let shelf: { onHand: number; reserved: number };
  let placed: Order;
  let shipmentId: string;

  before(async () => {
    shop = await openShop();
    customerId = await shop.customer();
    shelf = await shop.stock(beans.id);
  });
  after(() => shop?.close());

  const report = (status: string) => shop.do<Shipment>('PUT', `/v1/shipments/${shipmentId}/status`, { status });

  it('is paid within the request that places it (Prefer: wait)', async () => {
    const items = [
      { productId: beans.id, quantity: 2 },
      { productId: mug.id, quantity: 1, price: { amount: mug.prices.USD, currency: 'USD' } },
    ];
    const checkout = { deviceId: 'device-of-zenobia', ipAddress: '198.51.100.7' };
    const body = shop.orderBody({ customerId, items, checkout });
    const answer = await shop.request<Order>('POST', '/v1/orders', body, { prefer: 'wait=30' });
    placed = answer.body;
    expect(answer.status).to.equal(201);
    expect(answer.headers.get('location')).to.equal(`/v1/orders/${placed.id}`);
    expect(answer.headers.get('preference-applied')).to.equal('wait=30');
    expect(answer.headers.get('etag')).to.equal(`"${placed.version}"`);
    // Free delivery from 50 dollars on, and no sales tax in Oregon.
    expect(placed.totalAmount).to.deep.equal({ amount: total, currency: 'USD' });
    expect(placed).to.include({ status: 'processing', customerId });
    expect(placed.payment).to.include({ status: 'completed', attempts: 1, failureReason: null });
  });

  it('is booked with a carrier moments later (O-18, O-19)', async () => {
    const order = await shop.orderIn(placed.id, 'fulfilling.booked');
    expect(order.shipments).to.have.length(1);
    shipmentId = order.shipments[0]?.id as string;
    const shipment = await shop.do<Shipment>('GET', `/v1/shipments/${shipmentId}`);
    expect(shipment).to.include({ state: 'created', carrier: order.shipments[0]?.carrier });
    expect(shipment.items.map(({ productId, quantity }) => [productId, quantity])).to.have.deep.members([
      [beans.id, 2],
      [mug.id, 1],
    ]);
  });

  it('goes to the door as its parcel is reported (O-21, O-22, O-24)', async () => {
    expect((await report('dispatched')).state).to.equal('dispatched');
    await shop.orderIn(placed.id, 'shipped.dispatched');
    expect((await report('in_transit')).state).to.equal('inTransit');
    await shop.orderIn(placed.id, 'shipped.inTransit');
    expect((await report('delivered')).state).to.equal('delivered');
    const order = await shop.orderIn(placed.id, 'delivered');
    expect(order.status).to.equal('completed');
    expect(order.shipments[0]?.state).to.equal('delivered');
  });

  it('was charged once, for exactly its total', async () => {
    expect(shop.charged(placed.id)).to.deep.equal({ charges: 1, refunds: 0, net: total, declines: 0 });
    const payment = await shop.payment(placed);
    expect(payment).to.deep.include({ state: 'completed', amount: { amount: total, currency: 'USD' }, refunds: [] });
    const status = await shop.do<object>('GET', `/v1/orders/${placed.id}/payment-status`);
    expect(status).to.include({ paymentStatus: 'completed', amount: total, paymentMethod: 'card' });
    expect(status).to.include({ transactionId: payment.gatewayReferenceId });
  });

  it('took its goods off the shelf: reserved, sold, shipped', async () => {
    expect(await shop.movements(placed.id)).to.have.deep.members([
      ['order_reserved', 0, 2],
      ['order_reserved', 0, 1],
      ['reservation_committed', 0, 0],
      ['reservation_committed', 0, 0],
      ['order_shipped', -2, -2],
      ['order_shipped', -1, -1],
    ]);
    expect(await shop.stock(beans.id)).to.deep.equal({ onHand: shelf.onHand - 2, reserved: shelf.reserved });
  });

  it('told the customer: accepted, receipt, tracking, dispatched, delivered', async () => {
    await shop.hears(placed.id, 'shipment_delivered');
    expect(await shop.told(placed.id)).to.deep.equal([
      'order_confirmation',
      'payment-receipt',
      'shipment_tracking',
      'shipment_dispatched',
      'shipment_delivered',
    ]);
    const path = `/v1/users/${customerId}/notifications`;
    const { notifications } = await shop.do<{ notifications: { notificationId: string; message: string }[] }>(
      'GET',
      path,
    );
    expect(notifications).to.have.length(5);
    expect(notifications.at(-1)?.message).to.match(/^Hello Zenobia,/);
    for (const { notificationId } of notifications) {
      await eventually(`${notificationId} is sent`, async () => {
        const { delivery } = await shop.do<{ delivery: { status: string } }>(
          'GET',
          `/v1/notifications/${notificationId}`,
        );
        return delivery.status === 'sent';
      });
    }
  });

  describe('has a timeline', () => {
    let entries: TimelineEntry[];
    before(async () => {
      entries = await eventually('the whole story', async () => {
        const told = await shop.timeline(placed.id);
        return told.filter(({ message }) => message.type === 'SendNotification').length === 5 && told;
      });
    });

    const path = (actor: string) =>
      entries.filter((entry) => entry.actor.type === actor && entry.from !== entry.to).map(({ to }) => to);

    it('in which every cause is an earlier entry, or a request', () => {
      const told = new Set<string>();
      for (const { causationId, message } of entries) {
        if (causationId !== null) expect(told, `the cause of ${message.type}`).to.include(causationId);
        told.add(message.id);
      }
      const requests = entries.filter(({ causationId }) => causationId === null).map(({ message }) => message.type);
      expect(requests[0]).to.equal('PlaceOrder');
      expect(new Set(requests)).to.deep.equal(new Set(['PlaceOrder', 'StripeChargeSucceeded', 'UpdateShipmentStatus']));
    });

    it('that follows the state tables', () => {
      expect(path('order')).to.deep.equal([
        'confirmed.reserving', // O-02, O-03
        'confirmed.awaitingPayment', // O-04
        'paid', // O-10
        'fulfilling.awaitingShipment', // O-18
        'fulfilling.booked', // O-19
        'shipped.dispatched', // O-21
        'shipped.inTransit', // O-22
        'delivered', // O-24
      ]);
      expect(path('payment')).to.deep.equal(['initiated', 'riskCheck', 'authorizing', 'captured', 'completed']);
      expect(path('reservation')).to.deep.equal(['pending', 'confirmed.held', 'confirmed.committed', 'fulfilled']);
      expect(path('shipment')).to.deep.equal(['booking', 'created', 'dispatched', 'inTransit', 'delivered']);
    });

    it('in which each step begins where the one before it ended', () => {
      const states = new Map<string, string | null>();
      for (const { actor, from, to, outcome } of entries) {
        if (outcome !== 'applied' && outcome !== 'ignored') continue;
        const id = `${actor.type} ${actor.id}`;
        expect(from, id).to.equal(states.get(id) ?? null);
        states.set(id, to);
      }
    });

    it('that ignores only what was said twice', () => {
      const ignored = entries.filter(({ outcome }) => outcome === 'ignored');
      for (const { message } of ignored) expect(message.type).to.equal('ChargeSucceeded');
      expect(entries.every(({ sentence }) => /\S\.$/.test(sentence))).to.equal(true);
    });
  });

  it('keeps its story apart from that of another order of the same request', async () => {
    const headers = { prefer: 'wait=30', 'x-correlation-id': '01900000-0000-7000-8000-0000000c0de1' };
    const [mine, yours] = await Promise.all([shop.place({}, headers), shop.place({}, headers)]);
    for (const [order, other] of [
      [mine, yours],
      [yours, mine],
    ] as const) {
      await shop.orderIn(order.id, 'fulfilling.booked');
      const told = JSON.stringify(await shop.timeline(order.id));
      expect(told).to.include(order.id).and.include(order.payment?.id).and.include(headers['x-correlation-id']);
      expect(told).to.not.include(other.id).and.not.include(other.payment?.id);
    }
  });

  it('is public knowledge on the streams, in the order in which it happened', async () => {
    const redis = new Redis(shop.redis.url);
    try {
      const typesOn = (channel: string) =>
        eventually(`${channel} tells of the delivery`, async () => {
          const entries = await redis.xrange(`${shop.redis.prefix}:stream:${channel}`, '-', '+');
          const types = entries
            .filter(([, fields]) => fields.some((field) => field.includes(placed.id)))
            .map(([, fields]) => fields[fields.indexOf('type') + 1]);
          return types.length >= expected[channel as keyof typeof expected].length && types;
        });
      const expected = {
        'orders-domain-eventbus': ['OrderPlaced', 'OrderConfirmed'],
        'payment-domain-eventbus': [
          'PaymentInitiated',
          'RiskScoreCalculated',
          'FraudCheckCompleted',
          'PaymentProcessed',
          'PaymentComplete',
        ],
        'shipping-domain-eventbus': ['ShipmentCreated', 'ShipmentDispatched', 'ShipmentInTransit', 'ShipmentDelivered'],
      };
      for (const [channel, types] of Object.entries(expected)) {
        expect(await typesOn(channel), channel).to.deep.equal(types);
      }
    } finally {
      redis.disconnect();
    }
  });

  itKeepsItsBooks(() => shop);
});
