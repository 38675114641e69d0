import { expect } from 'chai';
import { shipmentMachine } from '../../machines/shipment/shipment.machine.js';
import { shipmentView } from '../../machines/shipment/shipment.view.js';
import { type Connection, connect } from '../../src/db/connect.js';
import { given, id, message } from '../machines/given.js';
import { customerId, mug, orderId, pier, reno } from '../machines/orderMessages.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';
import { storeActor } from './storeActor.js';

describe('the shipping schema', () => {
  let database: TestDatabase;
  let connection: Connection;

  before(async function () {
    this.timeout(60_000);
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 2, name: 'test', onError: () => undefined });
  });

  after(async () => {
    await connection.close();
    await database.drop();
  });

  const shipmentId = id('shipment');
  const { context } = given(
    shipmentMachine,
    message('CreateShipment', {
      shipmentId,
      orderId,
      customerId,
      warehouseId: reno,
      address: pier,
      items: [{ productId: mug, stockItemId: id('stock'), warehouseId: reno, quantity: 1 }],
      shippingMethod: 'standard',
    }),
  );
  const stored = async (state: string, change: object = {}) => {
    await storeActor(connection.db, 'shipping.shipments', shipmentId, { state, context: { ...context, ...change } });
    return connection.db
      .selectFrom('shipping.shipments')
      .select(['order_id', 'customer_id', 'warehouse_id', 'carrier', 'tracking_number', 'status'])
      .where('id', '=', shipmentId)
      .executeTakeFirstOrThrow();
  };

  it('shows what people query of a parcel', async () => {
    const ids = { order_id: orderId, customer_id: customerId, warehouse_id: reno };
    expect(await stored('booking')).to.deep.equal({
      ...ids,
      carrier: 'USPS',
      tracking_number: null,
      status: 'pending',
    });
    const { carrier, tracking_number } = await stored('created', { carrier: 'UPS', trackingNumber: '1Z-1' });
    expect({ carrier, tracking_number }).to.deep.equal({ carrier: 'UPS', tracking_number: '1Z-1' });
  });

  it('gives every state its status', async () => {
    for (const state of Object.keys(shipmentMachine.states)) {
      expect((await stored(state)).status, state).to.equal(shipmentView(state).status);
    }
  });
});
