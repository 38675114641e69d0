import { expect } from 'chai';
import { sql } from 'kysely';
import { eventually } from '../support/eventually.js';
import { makeDue } from '../support/time.js';
import { itKeepsItsBooks } from './books.js';
import { portland } from './fixtures.js';
import { type Order, openShop, type Shipment, type Shop } from './shop.js';

describe('a parcel that carriers have trouble with', function () {
  this.timeout(60_000);
  let shop: Shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop?.close());

  const shipmentOf = ({ shipments }: Order) => shop.do<Shipment>('GET', `/v1/shipments/${shipments[0]?.id}`);
  const labels = async (shipmentId: string) => {
    const { rows } = await sql<{ carrier: string }>`
      select carrier from shipping.carrier_bookings where shipment_id = ${shipmentId}`.execute(shop.db);
    return rows.map(({ carrier }) => carrier);
  };

  /** An order to an address that some carriers refuse, once the first of them has been asked three times (H-03). */
  async function refusedBy(carriers: string): Promise<Order> {
    const shippingAddress = { ...portland, street: `${portland.street} [fail:${carriers}]` };
    const placed = await shop.place({ shippingAddress }, { prefer: 'wait=30' });
    const order = await shop.orderIn(placed.id, 'fulfilling.awaitingShipment');
    const shipmentId = order.shipments[0]?.id as string;
    await makeDue(shop.db, shipmentId, 'bookingBackoff');
    await eventually('the second booking has failed', async () => {
      const entries = await shop.timeline(order.id);
      return entries.filter(({ message }) => message.type === 'BookingFailed').length === 2;
    });
    await makeDue(shop.db, shipmentId, 'bookingBackoff');
    return order;
  }

  it('goes with Royal Mail after three refusals (H-04)', async () => {
    const { id } = await refusedBy('UPS,FedEx,USPS,DHL');
    const order = await shop.orderIn(id, 'fulfilling.booked');
    const shipment = await shipmentOf(order);
    expect(shipment).to.include({ state: 'created', carrier: 'Royal Mail' });
    expect(await labels(shipment.id)).to.deep.equal(['Royal Mail']);
    const asked = (await shop.timeline(id)).filter(({ message }) => message.type === 'BookShipment');
    expect(asked).to.have.length(4);
    await shop.hears(id, 'shipment_tracking');
  });

  describe('that nobody takes', () => {
    let order: Order;
    let path: string;
    before(async () => {
      order = await refusedBy('all');
      path = `/v1/shipments/${order.shipments[0]?.id}`;
    });

    it('waits for somebody to label it (H-05, O-20)', async () => {
      const now = await shop.orderIn(order.id, 'fulfilling.manual');
      expect(now).to.include({ status: 'processing' });
      expect(await shipmentOf(now)).to.include({ state: 'manualFulfilment', status: 'pending', carrier: null });
      await eventually('operations hear of it', async () => {
        const { rows } = await sql`
          select from notifications.notifications
          where recipient = 'operations' and template_id = 'manual_fulfilment' and data ->> 'orderId' = ${order.id}`.execute(
          shop.db,
        );
        return rows.length === 1;
      });
      await shop.refused(409, 'CONFLICT_ERROR', 'PUT', `${path}/status`, { status: 'dispatched' });
    });

    it('is booked with the label that they wrote (H-06, O-19)', async () => {
      const label = { carrier: 'The milkman', trackingNumber: 'MILK-0001' };
      expect(await shop.do('POST', `${path}/label`, label)).to.include({ state: 'created', ...label });
      const now = await shop.orderIn(order.id, 'fulfilling.booked');
      expect(now.shipments[0]).to.include(label);
      await shop.refused(409, 'CONFLICT_ERROR', 'POST', `${path}/label`, label);
    });

    it('goes to the door, at the third try (O-23, H-10, H-11)', async () => {
      const report = (status: string, more: object = {}) =>
        shop.do<Shipment>('PUT', `${path}/status`, { status, ...more });
      await report('dispatched');
      for (const attempt of [1, 2]) {
        await report('in_transit');
        const shipment = await report('delivery_failed', { reasonCode: 'customer_unavailable' });
        expect(shipment).to.include({ state: 'deliveryFailed', deliveryAttempts: attempt });
        await shop.orderIn(order.id, 'shipped.deliveryException');
      }
      await shop.hears(order.id, 'delivery_failed');
      await shop.refused(409, 'CONFLICT_ERROR', 'PUT', `${path}/status`, { status: 'dispatched' });
      await report('in_transit');
      await shop.orderIn(order.id, 'shipped.inTransit');
      await report('delivered');
      await shop.orderIn(order.id, 'delivered');
      expect(await shop.reservation(order.id)).to.equal('fulfilled');
    });
  });

  it('is called back while it waits for a label, and the money goes back (O-30, H-15)', async () => {
    const { id } = await refusedBy('all');
    await shop.orderIn(id, 'fulfilling.manual');
    await shop.cancel(id);
    await eventually('the money is back', async () => shop.charged(id).net === 0);
    const { shipments } = await shop.order(id);
    await eventually('the parcel is called back', async () => {
      const shipment = await shop.do<Shipment>('GET', `/v1/shipments/${shipments[0]?.id}`);
      return shipment.state === 'cancelled';
    });
    const path = `/v1/shipments/${shipments[0]?.id}/label`;
    await shop.refused(409, 'CONFLICT_ERROR', 'POST', path, { carrier: 'The milkman', trackingNumber: 'MILK-0002' });
    expect(await labels(shipments[0]?.id as string)).to.deep.equal([]);
  });

  it('cannot jump', async () => {
    const { id } = await shop.place({}, { prefer: 'wait=30' });
    const { shipments } = await shop.orderIn(id, 'fulfilling.booked');
    const path = `/v1/shipments/${shipments[0]?.id}/status`;
    for (const status of ['in_transit', 'delivered', 'delivery_failed']) {
      const problem = await shop.refused(409, 'CONFLICT_ERROR', 'PUT', path, { status });
      expect(problem).to.include({ currentState: 'created' });
    }
  });

  itKeepsItsBooks(() => shop);
});
