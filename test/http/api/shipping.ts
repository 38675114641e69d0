import { expect } from 'chai';
import { newId } from '../../../src/http/ids.js';
import type { Shop } from '../shop.js';
import { bookedOrder, until } from './journeys.js';
import { orderBody, sanFrancisco } from './orderBodies.js';

/** `/v1/shipments`. */
export function describeShipping(shop: () => Shop): void {
  const booked = async (): Promise<string> => (await bookedOrder(shop())).shipments[0]?.id as string;
  const report = (id: string, body: object) => shop().request('put', `/v1/shipments/${id}/status`).send(body);

  describe('shipments', () => {
    it('are read with address, carrier and contents', async () => {
      const order = await bookedOrder(shop());
      const answer = await shop().request('get', `/v1/shipments/${order.shipments[0]?.id}`);
      expect(answer.status).to.equal(200);
      expect(answer.headers.etag).to.equal(`"${answer.body.version}"`);
      expect(answer.body).to.deep.include({
        orderId: order.id,
        state: 'created',
        status: 'created',
        address: sanFrancisco,
      });
      expect(answer.body.items).to.have.lengthOf(1);
      expect(answer.body.trackingNumber).to.be.a('string');
    });

    it('travel to the door, and the order with them (H-07 to H-09, O-24)', async () => {
      const order = await bookedOrder(shop());
      const id = order.shipments[0]?.id as string;
      expect((await report(id, { status: 'shipped' })).body).to.include({ state: 'dispatched', status: 'dispatched' });
      const moving = await report(id, { status: 'in_transit', location: 'Reno' });
      expect(moving.body).to.include({ state: 'inTransit', location: 'Reno' });
      const there = await report(id, { status: 'delivered' });
      expect(there.body.status).to.equal('delivered');
      expect(there.body.deliveredAt).to.be.a('string');
      const delivered = await until(shop(), order.id, ({ state }) => state === 'delivered');
      expect(delivered.status).to.equal('completed');
      expect((await shop().request('patch', `/v1/orders/${order.id}`).send({ status: 'completed' })).status).to.equal(
        200,
      );
      const late = await shop().request('post', `/v1/orders/${order.id}/cancel`).send({});
      expect(late.status, 'O-31').to.equal(409);
      expect(late.body.currentState).to.equal('delivered');
    });

    it('cannot arrive before they leave', async () => {
      const answer = await report(await booked(), { status: 'delivered' });
      expect(answer.status).to.equal(409);
      expect(answer.body).to.include({ code: 'CONFLICT_ERROR', currentState: 'created' });
      expect(answer.body.allowedEvents).to.include('CancelShipment');
    });

    it('are called back before they leave, and not after (H-15, H-17)', async () => {
      const [one, other] = [await booked(), await booked()];
      const cancelled = await shop().request('post', `/v1/shipments/${one}/cancel`).send({});
      expect(cancelled.body.status).to.equal('cancelled');
      await report(other, { status: 'dispatched' });
      const refused = await shop().request('post', `/v1/shipments/${other}/cancel`).send({ reason: 'Too late.' });
      expect(refused.status).to.equal(409);
      expect(refused.body.currentState).to.equal('dispatched');
    });

    it('get a label by hand where no carrier would book, and only there (H-06)', async () => {
      const label = (id: string) =>
        shop()
          .request('post', `/v1/shipments/${id}/label`)
          .send({ carrier: 'DHL', trackingNumber: `JD${newId()}` });
      expect((await label(await booked())).status).to.equal(409);

      const { body } = await shop()
        .request('post', '/v1/orders')
        .send(orderBody({ shippingAddress: { ...sanFrancisco, street: '1 Pier Road [fail:all]' } }));
      const stuck = await until(shop(), body.id, ({ state }) => state === 'fulfilling.manual', 20_000);
      const id = stuck.shipments[0]?.id as string;
      expect((await shop().request('get', `/v1/shipments/${id}`)).body).to.include({
        state: 'manualFulfilment',
        status: 'pending',
        trackingNumber: null,
      });
      const labelled = await label(id);
      expect(labelled.status).to.equal(200);
      expect(labelled.body).to.include({ state: 'created', carrier: 'DHL', labelUrl: null });
    }).timeout(40_000);

    it('change only for the version that was seen', async () => {
      const id = await booked();
      const { body } = await shop().request('get', `/v1/shipments/${id}`);
      const stale = `"${body.version + 1}"`;
      expect((await report(id, { status: 'dispatched' }).set('If-Match', stale)).status).to.equal(412);
      expect((await report(id, { status: 'dispatched' }).set('If-Match', `"${body.version}"`)).status).to.equal(200);
    });

    it('take known reports of shipments that there are', async () => {
      expect((await report(newId(), { status: 'dispatched' })).status).to.equal(404);
      expect((await shop().request('get', `/v1/shipments/${newId()}`)).status).to.equal(404);
      expect((await report(newId(), { status: 'returned' })).status).to.equal(400);
      expect((await report(newId(), { status: 'dispatched', weight: 1 })).status).to.equal(400);
    });
  });
}
