import { expect } from 'chai';
import { type Kysely, sql } from 'kysely';
import sinon from 'sinon';
import type { Database } from '../../src/db/tables.js';
import { addDepthMetrics } from '../../src/http/depthMetrics.js';
import { newId } from '../../src/http/ids.js';
import { createMetrics, type Metrics } from '../../src/http/metrics.js';
import { addSlaMetrics } from '../../src/http/slaMetrics.js';
import { storeActor } from '../db/storeActor.js';
import { openDatabase } from './connection.js';
import { serving } from './serving.js';

describe('metrics', () => {
  let db: Kysely<Database>;
  let close: () => Promise<void>;
  let metrics: Metrics;
  let clock: sinon.SinonFakeTimers;

  before(async () => {
    ({ db, close } = await openDatabase());
  });
  after(() => close());
  beforeEach(() => {
    metrics = createMetrics();
    clock = sinon.useFakeTimers({ toFake: ['performance'] });
  });
  afterEach(() => clock.restore());

  /** Asks for the metrics after everything that is kept for a while has become old. */
  async function read(): Promise<string> {
    clock.tick(60_000);
    const answer = await serving(metrics.router).get('/metrics');
    expect(answer.status).to.equal(200);
    return answer.text;
  }

  const lines = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(name));

  async function logEvent(
    type: string,
    subject: string,
    time: string,
    data: object = {},
    id = newId(),
  ): Promise<string> {
    await sql`insert into runtime.event_log (id, channel, type, version, source, subject, data, correlation_id, time)
      values (${id}, 'x', ${type}, '1.0.0', '/x', ${subject}, ${JSON.stringify(data)}, ${id}, ${time})`.execute(db);
    return id;
  }

  it('are in the text format of Prometheus, with those of the process', async () => {
    clock.tick(1);
    const answer = await serving(metrics.router).get('/metrics');
    expect(answer.headers['content-type']).to.match(/^text\/plain; version=0\.0\.4/);
    expect(answer.text).to.contain('nodejs_eventloop_lag_seconds');
  });

  it('count requests by route, not by address', async () => {
    const server = serving(metrics.requests, (ctx) => {
      ctx.state.route = '/v1/orders/{orderId}';
      ctx.body = 'fine';
    });
    await server.get(`/v1/orders/${newId()}`);
    await server.get(`/v1/orders/${newId()}`);
    const [line] = lines(await read(), 'http_request_duration_seconds_count');
    expect(line).to.equal(
      'http_request_duration_seconds_count{method="GET",route="/v1/orders/{orderId}",status="200"} 2',
    );
  });

  it('do not grow with addresses that nobody serves', async () => {
    const server = serving(metrics.requests);
    await server.get('/wp-login.php');
    await server.get('/.env');
    expect(lines(await read(), 'http_request_duration_seconds_count')).to.deep.equal([
      'http_request_duration_seconds_count{method="GET",route="other",status="404"} 2',
    ]);
  });

  it('show what waits in mailboxes and queues, dead letters and orders by state', async () => {
    addDepthMetrics(metrics, db, () => Promise.resolve({ 'orders.commands': { waiting: 3, failed: 1 } }));
    const id = newId();
    await sql`insert into runtime.mailbox (id, recipient, actor_id, type, data, source, correlation_id, queue, sent_at, wake_at, deferred)
      select gen_random_uuid(), 'order', ${id}, 'X', '{}', '/', ${id}, 'orders.commands', now() - interval '10 seconds', now(), n = 3
      from generate_series(1, 3) n`.execute(db);
    await sql`insert into runtime.dead_letters (seq, id, recipient, actor_id, type, data, source, correlation_id, queue, sent_at, attempts, error)
      values (1, ${id}, 'order', ${id}, 'X', '{}', '/', ${id}, 'q', now(), 5, 'boom')`.execute(db);
    await sql`insert into runtime.timers (recipient, actor_id, name, visit, due_at, correlation_id, causation_id)
      values ('order', ${id}, 'x', 1, now() - interval '1 minute', ${id}, ${id})`.execute(db);
    for (const state of ['confirmed.reserving', 'delivered', 'delivered', 'cancelled']) {
      const context = { orderNumber: newId(), totalAmount: { amount: 1, currency: 'USD' } };
      await storeActor(db, 'orders.orders', newId(), { state, context });
    }
    const text = await read();
    expect(text).to.contain('mailbox_messages{queue="orders.commands",kind="waiting"} 2');
    expect(text).to.contain('mailbox_messages{queue="orders.commands",kind="deferred"} 1');
    expect(text).to.match(/mailbox_oldest_message_seconds\{queue="orders.commands"\} 1\d\./);
    expect(text).to.contain('dead_letters{recipient="order"} 1');
    expect(text).to.contain('timers_overdue 1');
    expect(text).to.contain('queue_jobs{queue="orders.commands",state="waiting"} 3');
    expect(lines(text, 'orders{').sort()).to.deep.equal([
      'orders{state="cancelled"} 1',
      'orders{state="confirmed.reserving"} 1',
      'orders{state="delivered"} 2',
    ]);

    await sql`delete from runtime.mailbox`.execute(db);
    expect(lines(await read(), 'mailbox_messages{')).to.be.empty;
  });

  it('read no more often than every few seconds, however often they are asked for', async () => {
    let asked = 0;
    metrics.collect(async () => {
      asked++;
    }, 5_000);
    const server = serving(metrics.router);
    await Promise.all([server.get('/metrics'), server.get('/metrics')]);
    clock.tick(4_999);
    await server.get('/metrics');
    expect(asked).to.equal(1);
    clock.tick(1);
    await server.get('/metrics');
    expect(asked).to.equal(2);
  });

  it('are there although something cannot be read, and say so', async () => {
    metrics.collect(() => Promise.reject(new Error('down')), 0);
    expect(await read()).to.contain('metrics_collection_failures_total 1');
  });

  describe('of the promises (10.1)', () => {
    beforeEach(async () => {
      addSlaMetrics(metrics, db);
      await read();
    });

    it('take payments from their opening to the end of the first charge (R-02)', async () => {
      const [paid, failed, reviewed] = [newId(), newId(), newId()];
      for (const id of [paid, failed, reviewed]) await logEvent('PaymentInitiated', id, '2026-03-01T12:00:00Z');
      await logEvent('PaymentProcessed', paid, '2026-03-01T12:00:00.400Z');
      await logEvent('PaymentFailed', failed, '2026-03-01T12:00:01Z');
      await logEvent('PaymentProcessed', failed, '2026-03-01T12:10:00Z');
      await logEvent('FraudCheckCompleted', reviewed, '2026-03-01T12:00:01Z', { decision: 'MANUAL_REVIEW' });
      await logEvent('PaymentProcessed', reviewed, '2026-03-01T15:00:00Z');
      const text = await read();
      expect(text).to.contain('payment_processing_latency_seconds_count 2');
      expect(text).to.contain('payment_processing_latency_seconds_sum 1.4');
      expect(await read(), 'and each once').to.contain('payment_processing_latency_seconds_count 2');
    });

    it('are not those of test clocks, whose time is another', async () => {
      const [payment, order, clock] = [newId(), newId(), newId()];
      const amount = { amount: 1499, currency: 'USD' };
      const [paid, placed] = [
        { amount, refunded: 0 },
        { orderNumber: order, totalAmount: amount },
      ];
      await storeActor(db, 'payments.payments', payment, { state: 'captured', context: paid, clockId: clock });
      await storeActor(db, 'orders.orders', order, { state: 'paid', context: placed, clockId: clock });
      await logEvent('PaymentInitiated', payment, '2026-03-01T12:00:00Z');
      await logEvent('PaymentProcessed', payment, '2026-03-01T12:00:00Z');
      await logEvent('InventoryAdjusted', order, '2026-03-01T12:00:00Z', { reason: 'order_reserved', orderId: order });
      await read();
      const text = await read();
      expect(text).to.contain('payment_processing_latency_seconds_count 0');
      expect(text).to.contain('inventory_projection_lag_seconds_count 0');
    });

    it('take stock from its movement until the order knows (R-03), and count what is stuck', async () => {
      const [known, stuck] = [newId(), newId()];
      const at = new Date(Date.now() - 20_000);
      const data = (orderId: string) => ({ reason: 'order_reserved', orderId });
      const eventId = await logEvent('InventoryAdjusted', known, at.toISOString(), data(known));
      await logEvent('InventoryAdjusted', stuck, at.toISOString(), data(stuck));
      await sql`insert into runtime.journal (recipient, actor_id, message_id, type, data, correlation_id, outcome, at)
        values ('order', ${known}, ${eventId}, 'InventoryAdjusted', '{}', ${known}, 'applied', ${new Date(at.getTime() + 30)})`.execute(
        db,
      );
      expect(await read()).to.contain('inventory_projection_lag_seconds_count 0');
      const text = await read();
      expect(text).to.contain('inventory_projection_lag_seconds_count 2');
      expect(text).to.contain('inventory_projection_lag_seconds_bucket{le="0.05"} 1');
      expect(text).to.contain('inventory_projection_lag_seconds_bucket{le="5"} 1');
    });

    it('take notifications from their cause until they left, by channel and priority (R-04)', async () => {
      const id = newId();
      await sql`insert into notifications.notifications (notification_id, recipient, channel, template_id, priority, title, message, data,
          source_event_id, source_type, correlation_id, scheduled_at, queued_at, sent_at)
        select gen_random_uuid(), 'order/1', channel, 't', 'HIGH', '', '', '{}', ${id}, 'X', ${id}, now(),
          clock_timestamp() - interval '3 seconds', case when n = 1 then clock_timestamp() end
        from generate_series(1, 2) n cross join unnest(array['EMAIL', 'IN_APP']) channel`.execute(db);
      const text = await read();
      expect(text).to.contain('notification_delivery_latency_seconds_count{channel="EMAIL",priority="HIGH"} 1');
      expect(text).to.contain('notification_delivery_latency_seconds_bucket{le="5",channel="EMAIL",priority="HIGH"} 1');
      expect(text).to.contain('notification_delivery_latency_seconds_bucket{le="2",channel="EMAIL",priority="HIGH"} 0');
      expect(text, 'of those that go nowhere').not.to.contain('channel="IN_APP"');
    });
  });
});
