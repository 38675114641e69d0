import { Agent, request } from 'node:http';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { orderBody } from './api/orderBodies.js';
import { openShop, type Shop } from './shop.js';

describe('a web that stops', () => {
  let shop: Shop;
  const agent = new Agent({ keepAlive: true });
  before(async function () {
    this.timeout(60_000);
    shop = await openShop();
    // The gateway takes its time, so whoever waits for the order waits.
    shop.sandbox.addFault({ match: { method: 'POST' }, fault: 'latency', ms: 8_000 });
  });
  after(() => agent.destroy());

  it('answers whoever waits, and does not wait for their idle connections', async function () {
    this.timeout(60_000);
    const headers = { 'content-type': 'application/json', prefer: 'wait=30' };
    const status = new Promise<number | undefined>((resolve, reject) => {
      const call = request(`${shop.url}/v1/orders`, { method: 'POST', agent, headers }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode));
      });
      call.once('error', reject);
      call.end(JSON.stringify(orderBody()));
    });
    await eventually('the order is placed', () => shop.db.selectFrom('orders.orders').select('id').executeTakeFirst());
    const closed = shop.close();
    expect(await status).to.equal(201);
    await closed;
  });
});
