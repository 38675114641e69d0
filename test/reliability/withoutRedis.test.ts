import { expect } from 'chai';
import { freePort } from '../../scripts/dev/freePort.js';
import type { RedisServer } from '../../scripts/dev/redisServer.js';
import { seed } from '../../scripts/seed.js';
import { type StripeSandbox, startStripeSandbox } from '../../scripts/stripeSandbox/server.js';
import type { OrderView } from '../../src/http/orderViews.js';
import { card, portland, product } from '../journeys/fixtures.js';
import { eventually } from '../support/eventually.js';
import { type SpawnedProcess, spawnProcess } from '../support/processes.js';
import { ownRedis, type TestDatabase, testDatabase } from '../support/servers.js';

/** Packets only say who has something to do: without them the sweeper finds it, and its worker does it itself. */
describe('a web and a worker whose Redis is gone', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let redis: RedisServer;
  let sandbox: StripeSandbox;
  const processes: SpawnedProcess[] = [];
  let url: string;
  before(async () => {
    [database, redis, sandbox] = await Promise.all([testDatabase(), ownRedis(), startStripeSandbox()]);
    await seed(database.url);
    const port = await freePort();
    url = `http://127.0.0.1:${port}/v1/orders`;
    const env = { DATABASE_URL: database.url, REDIS_URL: redis.url, STRIPE_API_BASE: sandbox.url, PORT: String(port) };
    processes.push(await spawnProcess('src/web.ts', env), await spawnProcess('src/worker.ts', env));
    await Promise.all(
      processes.map((one, index) => one.waitForOutput([/web is ready/, /worker is ready/][index] as RegExp, 60_000)),
    );
  });
  after(async () => {
    await Promise.all(processes.map((one) => one.kill()));
    await sandbox?.close();
    await redis?.stop();
    await database?.drop();
  });

  it('take an order, charge it once and book its parcel all the same', async () => {
    await redis.stop();
    const items = [{ productId: product('MUG-STONE-35').id, quantity: 1 }];
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items, shippingAddress: portland, payment: card('visa') }),
    });
    const { id, totalAmount } = (await response.json()) as OrderView;
    await eventually('it is booked', async () => {
      const order = (await (await fetch(`${url}/${id}`)).json()) as OrderView;
      return order.state === 'fulfilling.booked';
    });
    expect(sandbox.chargedByOrder()).to.deep.equal({ [id]: totalAmount.amount });
  });
});
