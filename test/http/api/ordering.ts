import { expect } from 'chai';
import { sql } from 'kysely';
import type { OrderContext } from '../../../machines/order/order.context.js';
import { orderMachine } from '../../../machines/order/order.machine.js';
import { readActor } from '../../../src/http/actorRows.js';
import { newId } from '../../../src/http/ids.js';
import { commandsIn } from '../../../src/http/orderViews.js';
import { orderPaymentStatus } from '../../../src/http/paymentViews.js';
import type { Shop } from '../shop.js';
import { bookedOrder, placeOrder, readOrder, until } from './journeys.js';
import { camera, orderBody, payingWith, plant } from './orderBodies.js';

/** What happens to orders after they were placed. */
export function describeOrdering(shop: () => Shop): void {
  const place = (change: object = {}, wait = 10) => placeOrder(shop(), change, wait);
  const read = (id: string) => readOrder(shop(), id);
  const booked = () => bookedOrder(shop());

  describe('reading orders', () => {
    it('shows payment and parcels of one', async () => {
      const order = await booked();
      expect(order.payment).to.include({ state: 'completed', status: 'completed', failureReason: null });
      expect(order.shipments).to.have.lengthOf(1);
      expect(order.shipments[0]).to.include({ state: 'booked' });
      expect(order.shipments[0]?.trackingNumber).to.be.a('string');
    });

    it('takes ids in capitals, too', async () => {
      const order = await place({}, 0);
      expect((await read(order.id.toUpperCase())).id).to.equal(order.id);
    });

    it('knows no order of another id', async () => {
      expect((await shop().request('get', `/v1/orders/${newId()}`)).status).to.equal(404);
      expect((await shop().request('get', '/v1/orders/7')).status).to.equal(400);
    });

    it('lists them newest first, page by page, each once', async () => {
      const customerId = await register();
      const ids: string[] = [];
      for (let i = 0; i < 4; i++) ids.unshift((await place({ customerId }, 0)).id);
      const seen: string[] = [];
      let pages = 0;
      for (let cursor = ''; ; pages++) {
        const { body } = await shop().request('get', `/v1/orders?customerId=${customerId}&limit=2${cursor}`);
        seen.push(...body.items.map(({ id }: { id: string }) => id));
        if (body.nextCursor === null) break;
        cursor = `&cursor=${body.nextCursor}`;
      }
      expect(seen).to.deep.equal(ids);
      expect(pages, 'pages but the last').to.equal(1);
    });

    it('lists those with a status', async () => {
      const order = await booked();
      const of = async (status: string) =>
        (await shop().request('get', `/v1/orders?status=${status}&limit=100`)).body.items;
      expect((await of('processing')).map(({ id }: { id: string }) => id)).to.include(order.id);
      expect((await of('pending')).every(({ status }: { status: string }) => status === 'pending')).to.equal(true);
      expect((await shop().request('get', '/v1/orders?status=lost')).status).to.equal(400);
    });

    it('takes no made-up cursor and no page without end', async () => {
      for (const query of ['cursor=x', 'limit=0', 'limit=101', 'limit=1.5', 'limit=many', 'page=2']) {
        expect((await shop().request('get', `/v1/orders?${query}`)).status, query).to.equal(400);
      }
    });

    async function register(): Promise<string> {
      const person = { firstName: 'Lena', lastName: 'List', email: `${newId()}@example.com` };
      return (await shop().request('post', '/v1/customers').send(person)).body.id;
    }
  });

  describe('cancelling an order', () => {
    const cancel = (id: string, body: object = {}) => shop().request('post', `/v1/orders/${id}/cancel`).send(body);

    it('is answered with 202 while an earlier message to the order is being retried, and done after that', async () => {
      const { id } = await place({ items: [{ productId: camera, quantity: 6 }] });
      const earlier = newId();
      await sql`insert into runtime.mailbox
          (id, recipient, actor_id, type, source, correlation_id, queue, sent_at, data, attempts, wake_at, lease_until)
        values (${earlier}, 'order', ${id}, 'ReservationExpired', '/test', ${newId()}, 'inventory-domain-eventbus.orders', now(), '{}', 1,
          now() + interval '1 minute', now() + interval '1 minute')`.execute(shop().db);
      const key = newId();
      const answer = await cancel(id).set('Idempotency-Key', key);
      expect(answer.status, answer.text).to.equal(202);
      expect(answer.body).to.include({ id, status: 'pending' });
      expect((await cancel(id).set('Idempotency-Key', key)).status, 'again').to.equal(202);
      await sql`delete from runtime.mailbox where id = ${earlier}`.execute(shop().db);
      await sql`update runtime.mailbox set wake_at = now() where actor_id = ${id}`.execute(shop().db);
      await until(shop(), id, ({ status }) => status === 'cancelled');
    });

    it('is possible before it is paid (O-30)', async () => {
      const { id } = await place({ items: [{ productId: camera, quantity: 6 }] });
      const answer = await cancel(id, { note: 'Too dear.' });
      expect(answer.status).to.equal(200);
      expect(answer.body).to.include({ state: 'cancelled', status: 'cancelled' });
      expect(answer.body.cancellation).to.include({ reason: 'CUSTOMER_REQUEST', note: 'Too dear.' });
      expect(answer.headers.etag).to.equal(`"${answer.body.version}"`);
    });

    it('sends captured money back (O-30)', async () => {
      const { id, totalAmount } = await booked();
      expect((await cancel(id)).status).to.equal(200);
      for (let i = 0; i < 200 && (await read(id)).payment?.state !== 'refunded'; i++) {
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      const { payment } = await read(id);
      expect(payment?.refundedAmount).to.deep.equal(totalAmount);
      expect(shop().sandbox.chargedByOrder()[id]).to.equal(0);
    });

    it('is refused the second time, saying where the order is (O-31)', async () => {
      const { id } = await booked();
      await cancel(id);
      const answer = await cancel(id);
      expect(answer.status).to.equal(409);
      expect(answer.body).to.include({ code: 'CONFLICT_ERROR', currentState: 'cancelled' });
      expect(answer.body.allowedEvents).to.be.an('array').that.does.not.include('CancelOrder');
    });

    it('is answered as the first time when its answer was lost', async () => {
      const { id, version } = await booked();
      const key = newId();
      const send = () => cancel(id).set('Idempotency-Key', key).set('If-Match', `"${version}"`);
      expect((await send()).status).to.equal(200);
      await sql`update runtime.idempotency_keys set status = null, body = null, claimed_at = claimed_at - interval '31 seconds'
        where key = ${key}`.execute(shop().db);
      const again = await send();
      expect(again.status).to.equal(200);
      expect(again.body.state).to.equal('cancelled');
    });

    it('is only for the version that was seen', async () => {
      const { id, version } = await booked();
      const stale = await cancel(id).set('If-Match', `"${version - 1}"`);
      expect(stale.status).to.equal(412);
      expect(stale.body.currentVersion).to.equal(version);
      expect((await cancel(id).set('If-Match', `"${version}"`)).status).to.equal(200);
    });

    it('needs an order, a known reason and a short note (R-34)', async () => {
      expect((await cancel(newId())).status).to.equal(404);
      expect((await cancel(newId(), { reason: 'BORED' })).status).to.equal(400);
      expect((await cancel(newId(), { note: 'x'.repeat(501) })).status).to.equal(400);
    });
  });

  describe('asking for another status of an order', () => {
    const patch = (id: string, status: string) => shop().request('patch', `/v1/orders/${id}`).send({ status });

    it('cancels it with `cancelled`', async () => {
      const { id } = await booked();
      const answer = await patch(id, 'cancelled');
      expect(answer.status).to.equal(200);
      expect(answer.body.status).to.equal('cancelled');
      expect((await patch(id, 'cancelled')).status).to.equal(409);
    });

    it('is fine where it is already, and refused elsewhere', async () => {
      const { id } = await booked();
      expect((await patch(id, 'processing')).status).to.equal(200);
      for (const status of ['completed', 'pending']) {
        const answer = await patch(id, status);
        expect(answer.status, status).to.equal(409);
        expect(answer.body).to.include({ currentState: 'fulfilling.booked' });
        expect(answer.body.allowedEvents).to.deep.equal(['CancelOrder']);
      }
      expect((await patch(id, 'shipped')).status).to.equal(400);
      expect((await patch(newId(), 'processing')).status).to.equal(404);
    });

    it('says what the order takes as its machine does', () => {
      const states = statesOf(orderMachine.config.states ?? {});
      expect(states).to.include('confirmed.paymentRetry').and.include('delivered');
      for (const state of states.filter((one) => one !== 'pending')) {
        const snapshot = orderMachine.resolveState({ value: stateValue(state), context: {} as never });
        const events = new Set(snapshot._nodes.flatMap((node) => node.ownEvents as string[]));
        const commands = ['CancelOrder', 'ChangePaymentMethod'].filter((command) => events.has(command));
        expect(commandsIn(state), state).to.deep.equal(commands);
      }
    });
  });

  describe('paying an order in another way', () => {
    const payWith = (id: string, token: string) =>
      shop().request('post', `/v1/orders/${id}/payment-method`).send(payingWith(token));

    it('charges at once after a charge that could be tried again (O-15)', async () => {
      const { id, ...order } = await place(payingWith('pm_card_chargeDeclinedInsufficientFunds'));
      expect(order.state).to.equal('confirmed.paymentRetry');
      expect(order.payment).to.include({ status: 'processing', failureReason: 'insufficient_funds' });
      expect((await payWith(id, 'pm_card_visa')).status).to.equal(200);
      const paid = await until(shop(), id, ({ state }) => state.startsWith('fulfilling') || state === 'paid');
      expect(paid.payment).to.include({ attempts: 2, failureReason: null });
    });

    it('opens another payment after a method that will never pass (O-16)', async () => {
      const { id, payment } = await place(payingWith('pm_card_chargeDeclinedExpiredCard'));
      expect(payment?.failureReason).to.equal('expired_card');
      expect((await payWith(id, 'pm_card_visa')).status).to.equal(200);
      const paid = await until(shop(), id, ({ state }) => state.startsWith('fulfilling') || state === 'paid');
      expect(paid.payment?.id).not.to.equal(payment?.id);
    });

    it('is refused where nothing has failed', async () => {
      const { id } = await booked();
      const answer = await payWith(id, 'pm_card_visa');
      expect(answer.status).to.equal(409);
      expect(answer.body.currentState).to.equal('fulfilling.booked');
    });
  });

  describe('the payment of an order', () => {
    it('can be asked for by its own id and by that of the order (C-34)', async () => {
      const { id, payment, totalAmount } = await booked();
      const whole = await shop().request('get', `/v1/payments/${payment?.id}`);
      expect(whole.body).to.include({ orderId: id, status: 'completed', gateway: 'stripe' });
      expect(whole.body.amount).to.deep.equal(totalAmount);
      expect(whole.text).not.to.contain('pm_card');
      const own = await shop().request('get', `/v1/payments/${payment?.id}/status`);
      expect(own.body).to.deep.equal({
        paymentId: payment?.id,
        status: 'completed',
        lastUpdated: whole.body.updatedAt,
      });
      const { asOf, ...byOrder } = (await shop().request('get', `/v1/payments/${id}/status`)).body;
      const { asOf: later, ...ofOrder } = (await shop().request('get', `/v1/orders/${id}/payment-status`)).body;
      expect(byOrder).to.deep.equal(ofOrder);
      expect(asOf <= later).to.equal(true);
      expect(ofOrder).to.include({
        orderId: id,
        paymentStatus: 'completed',
        amount: totalAmount.amount,
        currency: 'USD',
      });
      expect(ofOrder.transactionId).to.match(/^pi_/);
    });

    it('is pending before it is opened, and failed when it never will be', async () => {
      const order = await place({ items: [{ productId: plant, quantity: 121 }] });
      const { body } = await shop().request('get', `/v1/orders/${order.id}/payment-status`);
      expect(body).to.include({
        paymentStatus: 'failed',
        paymentMethod: 'card',
        transactionId: null,
        paymentDate: null,
      });
      const stored = await readActor<OrderContext>(shop().db, 'orders.orders', order.id);
      if (!stored) throw new Error('the order is gone');
      expect(orderPaymentStatus({ ...stored, state: 'confirmed.reserving' }, undefined).paymentStatus).to.equal(
        'pending',
      );
    });

    it('is not known under any other id', async () => {
      for (const path of [
        `/v1/payments/${newId()}`,
        `/v1/payments/${newId()}/status`,
        `/v1/orders/${newId()}/payment-status`,
      ]) {
        expect((await shop().request('get', path)).status).to.equal(404);
      }
    });
  });

  describe('the timeline of an order', () => {
    it('tells who did what because of what, causes first', async () => {
      const { id, shipments } = await booked();
      const report = (status: string) =>
        shop().request('put', `/v1/shipments/${shipments[0]?.id}/status`).send({ status });
      expect((await report('delivered')).status).to.equal(409);
      await report('dispatched');
      await until(shop(), id, ({ state }) => state === 'shipped.dispatched');
      const { body } = await shop().request('get', `/v1/orders/${id}/timeline`);
      const entries = body.entries as Entry[];
      const types = entries.map((entry) => entry.message.type);
      expect(types[0]).to.equal('PlaceOrder');
      expect(types).to.include.members(['OrderConfirmed', 'ProcessPayment', 'PaymentProcessed', 'BookShipment']);
      expect(types, 'what another request did').to.include.members(['UpdateShipmentStatus', 'ShipmentDispatched']);
      const told = new Set<string>();
      for (const entry of entries) {
        const { causationId, message } = entry;
        if (causationId !== null) expect(told.has(causationId), `${message.type} before its cause`).to.equal(true);
        told.add(message.id);
      }
      const roots = entries.filter(({ causationId }) => causationId === null).map(({ message }) => message.type);
      expect(
        roots.filter((type) => !type.startsWith('Stripe')),
        'what was refused included',
      ).to.deep.equal(['PlaceOrder', 'UpdateShipmentStatus', 'UpdateShipmentStatus']);
      const steps = entries.filter(({ actor, to }) => actor.type === 'order' && to !== null);
      expect(steps.map(({ to }) => to).filter((to, index, all) => to !== all[index - 1])).to.deep.equal([
        'confirmed.reserving',
        'confirmed.awaitingPayment',
        'paid',
        'fulfilling.awaitingShipment',
        'fulfilling.booked',
        'shipped.dispatched',
      ]);
    });

    it('leaves out another order of the same request', async () => {
      const correlationId = newId();
      const send = () => shop().request('post', '/v1/orders').set('X-Correlation-Id', correlationId).send(orderBody());
      const [one, other] = [await send(), await send()];
      expect(one.headers['x-correlation-id']).to.equal(correlationId);
      const { body } = await shop().request('get', `/v1/orders/${one.body.id}/timeline`);
      const actors = (body.entries as Entry[]).map(({ actor }) => actor.id);
      expect(actors).to.include(one.body.id).and.not.include(other.body.id);
      expect((body.entries as Entry[]).every((entry) => entry.correlationId === correlationId)).to.equal(true);
    });

    it('is that of an order that exists', async () => {
      expect((await shop().request('get', `/v1/orders/${newId()}/timeline`)).status).to.equal(404);
    });
  });
}

interface Entry {
  readonly actor: { readonly type: string; readonly id: string };
  readonly message: { readonly id: string; readonly type: string };
  readonly causationId: string | null;
  readonly correlationId: string;
  readonly to: string | null;
}

interface States {
  readonly [name: string]: { readonly states?: States };
}

/** The leaves of a chart, as paths. */
const statesOf = (states: States): string[] =>
  Object.entries(states).flatMap(([name, { states: inner }]) =>
    inner && Object.keys(inner).length > 0 ? statesOf(inner).map((path) => `${name}.${path}`) : [name],
  );

type Value = string | { [name: string]: Value };

const stateValue = (path: string): never => {
  const [outer = '', ...inner] = path.split('.');
  const value: Value = inner.length === 0 ? outer : { [outer]: inner.join('.') };
  return value as never;
};
