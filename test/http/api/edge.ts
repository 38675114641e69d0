import { expect } from 'chai';
import supertest from 'supertest';
import type { Shop } from '../shop.js';
import { orderBody } from './orderBodies.js';

/** What the application does around its routes. */
export function describeEdge(shop: () => Shop): void {
  const agent = () => supertest(shop().url);

  describe('around the routes', () => {
    it('FlowMart is alive and ready, and says with what', async () => {
      expect((await agent().get('/health/live')).body).to.deep.equal({ status: 'ok' });
      const ready = await agent().get('/health/ready');
      expect(ready.status, ready.text).to.equal(200);
      expect(ready.body.parts).to.have.keys('postgresql', 'redis', 'gateway', 'backlog');
    });

    it('idle connections are kept longer than load balancers keep theirs', async () => {
      const { headers } = await fetch(`${shop().url}/health/live`);
      const [, seconds] = /timeout=(\d+)/.exec(headers.get('keep-alive') ?? '') ?? [];
      expect(Number(seconds)).to.be.above(90);
    });

    it('there are metrics of what was promised', async () => {
      const { text } = await agent().get('/metrics');
      for (const name of [
        'order_creation_latency_seconds',
        'payment_processing_latency_seconds',
        'inventory_projection_lag_seconds',
        'notification_delivery_latency_seconds',
      ]) {
        expect(text).to.contain(`# TYPE ${name} histogram`);
      }
      expect(text).to.match(/order_creation_latency_seconds_count [1-9]/);
      expect(text).to.match(/queue_jobs\{queue="orders\.commands",state="waiting"\} \d/);
      expect(text).to.match(
        /http_request_duration_seconds_count\{method="POST",route="\/v1\/orders",status="201"\} [1-9]/,
      );
    });

    it('the queues’ pages are off without a password', async () => {
      expect((await agent().get('/admin/queues')).status).to.equal(404);
    });

    it('an address that nobody serves, or not so, is a problem', async () => {
      const nowhere = await agent().get('/v1/nowhere');
      expect(nowhere.status).to.equal(404);
      expect(nowhere.headers['content-type']).to.equal('application/problem+json');
      const wrong = await agent().delete('/v1/orders');
      expect(wrong.status).to.equal(405);
      expect(wrong.headers.allow).to.contain('POST');
      expect((await agent().head('/v1/products')).status).to.equal(200);
    });

    it('a webhook that Stripe did not sign is refused', async () => {
      const answer = await agent().post('/webhooks/stripe').set('Stripe-Signature', 't=1,v1=00').send('{}');
      expect(answer.status).to.equal(400);
      expect(answer.body.code).to.equal('INVALID_SIGNATURE');
    });

    it('hostile requests get a clear answer and do no harm', async () => {
      const post = (body: string | object, type = 'application/json') =>
        agent().post('/v1/orders').set('Content-Type', type).send(body);
      expect((await post('{"items":')).status).to.equal(400);
      expect((await post('[]')).status).to.equal(400);
      expect((await post('null')).status).to.equal(400);
      expect((await post('{"__proto__":{"x":1}}')).status).to.equal(400);
      expect((await post(`${'['.repeat(20_000)}`)).status).to.equal(400);
      expect((await post({ ...orderBody(), note: 'x'.repeat(70_000) })).status).to.equal(413);
      expect((await post('<order/>', 'application/xml')).status).to.equal(415);
      const nul = orderBody({ shippingAddress: { ...orderBody().shippingAddress, city: 'San\u0000Francisco' } });
      expect((await post(nul)).status).to.equal(400);
      const half = JSON.stringify(orderBody()).replace('San Francisco', 'San \\ud800');
      expect((await post(half)).status).to.equal(400);
      expect((await agent().get('/health/live')).status).to.equal(200);
    });

    it('every operation of the OpenAPI document has answered as it says', () => {
      const well = new Set([...shop().answered].filter((one) => / 2\d\d$/.test(one)).map((one) => one.split(' ')[0]));
      const silent = shop().contract.operationIds.filter((operationId) => !well.has(operationId));
      expect(silent).to.deep.equal([]);
    });
  });
}
