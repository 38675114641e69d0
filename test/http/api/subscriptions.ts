import { expect } from 'chai';
import { seededPlans } from '../../../scripts/seed/plans.js';
import { newId } from '../../../src/http/ids.js';
import type { SubscriptionView } from '../../../src/http/subscriptionSchemas.js';
import { eventually } from '../../support/eventually.js';
import type { Shop } from '../shop.js';
import { mug, sanFrancisco } from './orderBodies.js';

const [pro, enterprise] = seededPlans;
const start = '2030-01-31T10:00:00.000Z';
const card = (name: string) => ({ method: { type: 'card', token: `pm_card_${name}` } });

/** `/v1/subscriptions`, `/v1/billing`, `/v1/invoices`: every route once, and what they refuse. */
export function describeSubscriptions(shop: () => Shop): void {
  const request: Shop['request'] = (method, path) => shop().request(method, path);
  const toPro = { planId: pro.planId, trialPeriodDays: 0, payment: card('visa') };
  const productId = mug;
  const toMugs = {
    delivery: { items: [{ productId, quantity: 1 }], billingCycle: 'weekly', shippingAddress: sanFrancisco },
    payment: card('visa'),
  };

  async function customer(): Promise<{ customerId: string; clockId: string }> {
    const { id: clockId } = (await request('post', '/v1/clocks').send({ now: start })).body;
    const email = `ada.${newId()}@example.com`;
    const body = { firstName: 'Ada', lastName: 'Byron', email, clockId, address: sanFrancisco };
    const { id: customerId } = (await request('post', '/v1/customers').send(body)).body;
    return { customerId, clockId };
  }
  async function subscribe(body: object = toPro): Promise<SubscriptionView & { clockId: string }> {
    const { customerId, clockId } = await customer();
    const answer = await request('post', '/v1/subscriptions')
      .set('Prefer', 'wait=20')
      .send({ customerId, ...body });
    expect(answer.status, answer.text).to.equal(201);
    return { ...answer.body, clockId };
  }
  const advance = async (clockId: string, by: string) => {
    await request('post', `/v1/clocks/${clockId}/advance`).set('Prefer', 'wait=30').send({ by });
    await eventually('the clock has settled', async () => {
      return (await request('get', `/v1/clocks/${clockId}`)).body.status === 'ready';
    });
  };
  const ask = (id: string, verb: string, body: object = {}, method: 'post' | 'put' | 'delete' = 'post') =>
    request(method, `/v1/subscriptions/${id}/${verb}`).set('Prefer', 'wait=20').send(body);
  const read = async (id: string): Promise<SubscriptionView> => (await request('get', `/v1/subscriptions/${id}`)).body;
  const currentInvoice = async (id: string) => (await request('get', `/v1/billing/invoice/${id}`)).body;

  describe('subscriptions', () => {
    it('begin at our prices, and are read, listed and known by their customer', async () => {
      const { clockId: _, ...subscription } = await subscribe();
      expect(subscription).to.include({ state: 'active.current', access: 'full', status: 'ACTIVE' });
      expect(subscription.plan?.price).to.deep.equal(pro.price);
      const answer = await request('get', `/v1/subscriptions/${subscription.id}`);
      expect(answer.body.state).to.equal('active.current');
      expect(answer.headers.etag).to.equal(`"${answer.body.version}"`);
      const { customerId } = subscription;
      const list = await request('get', `/v1/subscriptions?customerId=${customerId}&status=ACTIVE&limit=1`);
      expect(list.body.items).to.deep.equal([answer.body]);
      for (const id of [customerId, subscription.id]) {
        const status = await request('get', `/v1/subscriptions/${id}/status`);
        expect(status.body).to.include({
          userId: customerId,
          subscriptionStatus: 'active',
          access: 'full',
          amount: 2999,
        });
        expect(status.body).to.include({ billingFrequency: 'monthly', subscriptionPlan: 'Pro Monthly' });
      }
      const timeline = await request('get', `/v1/subscriptions/${subscription.id}/timeline`);
      expect(timeline.body.entries[0].message.type).to.equal('SubscribeUser');
      for (const nothing of ['', '/status', '/timeline']) {
        expect((await request('get', `/v1/subscriptions/${newId()}${nothing}`)).status).to.equal(404);
      }
    });

    it('begin once for a key that comes twice, even when the first answer was lost', async () => {
      const { customerId } = await customer();
      const key = newId();
      const send = () =>
        request('post', '/v1/subscriptions')
          .set('Idempotency-Key', key)
          .send({ customerId, ...toPro });
      const first = await send();
      expect((await send()).body).to.deep.equal(first.body);
      await shop()
        .db.updateTable('runtime.idempotency_keys')
        .set({ status: null, body: null, claimed_at: new Date(Date.now() - 31_000) })
        .where('key', '=', key)
        .execute();
      const again = await send();
      expect([again.status, again.body.id]).to.deep.equal([201, first.body.id]);
      const list = await request('get', `/v1/subscriptions?customerId=${customerId}`);
      expect(list.body.items).to.have.lengthOf(1);
    });

    it('begin with something that we know, by somebody whom we know, who can pay', async () => {
      const { customerId } = await customer();
      const refused = async (status: number, code: string, body: object) => {
        const answer = await request('post', '/v1/subscriptions').send({ customerId, ...body });
        expect([answer.status, answer.body.code], JSON.stringify(body)).to.deep.equal([status, code]);
      };
      await refused(400, 'VALIDATION_ERROR', {});
      await refused(400, 'VALIDATION_ERROR', { ...toPro, ...toMugs });
      await refused(400, 'VALIDATION_ERROR', { ...toPro, price: { amount: 1, currency: 'USD' } });
      await refused(400, 'VALIDATION_ERROR', { ...toPro, trialPeriodDays: -1 });
      await refused(400, 'VALIDATION_ERROR', {
        ...toPro,
        payment: { method: { type: 'card', token: '4242424242424242' } },
      });
      await refused(422, 'UNKNOWN_PLAN', { ...toPro, planId: newId() });
      await refused(422, 'UNKNOWN_CUSTOMER', { ...toPro, customerId: newId() });
      await refused(422, 'PAYMENT_METHOD_REQUIRED', { planId: enterprise.planId });
      await refused(422, 'UNKNOWN_DISCOUNT', { ...toPro, discountCode: 'ENTERPRISE20' });
      const { delivery } = toMugs;
      const deliver = (change: object) => ({ ...toMugs, delivery: { ...delivery, ...change } });
      await refused(400, 'VALIDATION_ERROR', deliver({ percentOff: 90 }));
      await refused(400, 'VALIDATION_ERROR', deliver({ billingCycle: 'daily' }));
      await refused(400, 'VALIDATION_ERROR', deliver({ items: [] }));
      await refused(422, 'UNKNOWN_PRODUCT', deliver({ items: [{ productId: newId(), quantity: 1 }] }));
      await refused(422, 'UNSUPPORTED_COUNTRY', deliver({ shippingAddress: { ...sanFrancisco, country: 'KP' } }));
      await refused(422, 'ORDER_TOO_LARGE', deliver({ items: Array(100).fill({ productId, quantity: 1000 }) }));
      const { id } = (await request('post', '/v1/plans').send({ ...pro, planId: undefined })).body;
      await request('post', `/v1/plans/${id}/retire`);
      await refused(422, 'PLAN_RETIRED', { ...toPro, planId: id });
      expect((await request('get', `/v1/subscriptions?customerId=${customerId}`)).body.items).to.deep.equal([]);
    });

    it('take each change of a subscriber', async () => {
      const { id } = await subscribe();
      expect((await ask(id, 'auto-renewal', { autoRenew: false }, 'put')).body.nextBillingDate).to.equal(null);
      expect((await ask(id, 'auto-renewal', { autoRenew: true }, 'put')).body.autoRenew).to.equal(true);
      expect((await ask(id, 'payment-method', {}, 'delete')).body.paymentMethod.isUsable).to.equal(false);
      expect((await ask(id, 'plan', { planId: enterprise.planId })).body.code).to.equal('PAYMENT_METHOD_REQUIRED');
      expect((await ask(id, 'payment-method', { payment: card('mastercard') })).body.paymentMethod.isUsable).to.equal(
        true,
      );
      expect((await ask(id, 'pause')).body.state).to.equal('paused');
      expect((await ask(id, 'resume')).body.state).to.equal('active.current');
      expect((await ask(id, 'plan', { planId: enterprise.planId })).body.plan.name).to.equal('Enterprise Annual');
      const offer = await ask(id, 'cancel', { reason: 'not_used' });
      expect([offer.status, offer.body.outcome]).to.deep.equal([200, 'offer']);
      expect((await ask(id, 'offer/accept', { choice: 'support' })).body.state).to.equal('active.current');
      expect((await ask(id, 'cancel', { reason: 'other' })).body.outcome).to.equal('scheduled');
      expect((await ask(id, 'reactivate')).body.state).to.equal('active.current');
      expect((await ask(id, 'cancel', { reason: 'other', mode: 'immediate' })).body.outcome).to.equal('cancelled');
      expect((await ask(id, 'renew')).body.state).to.equal('active.current');
    });

    it('may be declined what was offered', async () => {
      const { id } = await subscribe();
      await ask(id, 'cancel', { reason: 'not_used' });
      expect((await ask(id, 'offer/decline')).body.outcome).to.equal('scheduled');
    });

    it('take each change of a delivery', async () => {
      const { id } = await subscribe(toMugs);
      expect((await ask(id, 'delivery/skip')).body.nextBillingDate).to.equal('2030-02-14T10:00:00.000Z');
      const moved = await ask(id, 'delivery/move', { deliverAt: '2030-02-20T10:00:00Z' });
      expect(moved.body.nextBillingDate).to.equal('2030-02-20T10:00:00Z');
      const items = [{ productId, quantity: 2 }];
      expect((await ask(id, 'delivery/items', { items }, 'put')).body.delivery.items[0].quantity).to.equal(2);
      const [{ agreedUnitPrice: price }] = moved.body.delivery.items;
      expect((await ask(id, 'delivery/prices', { items: [{ productId, price }] })).status).to.equal(200);
      expect((await request('get', `/v1/orders?subscriptionId=${id}`)).body.items).to.have.lengthOf(1);
    });

    it('refuse what does not fit, say where they are, and stay as they were', async () => {
      const { id } = await subscribe();
      const { version } = await read(id);
      const refused = async (verb: string, body: object = {}, method: 'post' | 'put' | 'delete' = 'post') => {
        const { status, body: problem } = await ask(id, verb, body, method);
        expect([status, problem.code, problem.currentState], verb).to.deep.equal([
          409,
          'CONFLICT_ERROR',
          'active.current',
        ]);
        return problem;
      };
      const { allowedEvents } = await refused('resume');
      expect(allowedEvents).to.include.members(['PauseSubscription', 'CancelSubscription', 'ChangePlan']);
      expect((await refused('pause', { until: '2030-12-31T00:00:00Z' })).detail).to.contain('90 days');
      expect((await refused('pause', { until: '2029-12-31T00:00:00Z' })).detail).to.contain('future');
      for (const verb of ['reactivate', 'renew', 'offer/decline', 'delivery/skip']) await refused(verb);
      await refused('offer/accept', { choice: 'pause' });
      await refused('delivery/items', { items: [{ productId, quantity: 1 }] }, 'put');
      for (const [verb, body] of [
        ['cancel', {}],
        ['cancel', { reason: 'payment_failure' }],
        ['plan', { planId: 'pro' }],
        ['pause', { until: 'tomorrow' }],
        ['offer/accept', { choice: 'money' }],
        ['payment-method', { payment: { method: { type: 'card', token: '4242 4242 4242 4242' } } }],
      ] as const) {
        expect((await ask(id, verb, body)).status, verb).to.equal(400);
      }
      expect((await ask(id, 'plan', { planId: newId() })).body.code).to.equal('UNKNOWN_PLAN');
      expect((await ask(newId(), 'pause')).status).to.equal(404);
      expect((await read(id)).version).to.equal(version);
    });

    it('change only at the version that was seen', async () => {
      const { id, version } = await read((await subscribe()).id);
      const pause = (tag: string) => request('post', `/v1/subscriptions/${id}/pause`).set('If-Match', tag).send({});
      const stale = await pause(`"${version - 1}"`);
      expect([stale.status, stale.body.currentVersion]).to.deep.equal([412, version]);
      expect((await pause(`"${version}"`)).body.state).to.equal('paused');
    });
  });

  describe('billing', () => {
    it('shows the current invoice, the history, and what comes next', async () => {
      const { id } = await subscribe();
      const invoice = await currentInvoice(id);
      expect(invoice).to.deep.include({
        subscriptionId: id,
        taxRegion: 'US',
        total: { amount: 3239, currency: 'USD' },
      });
      const history = await request('get', `/v1/billing/history/${id}`);
      expect(history.body.items.map((one: { id: string }) => one.id)).to.deep.equal([invoice.id]);
      const preview = (planChanges: object[]) =>
        request('post', '/v1/billing/preview').send({ subscriptionId: id, planChanges });
      expect((await preview([])).body.totalAmount.amount).to.equal(3239);
      const { body } = await preview([{ newPlanId: enterprise.planId }]);
      expect(body.now.total.amount).to.be.above(3239);
      expect((await preview([{ newPlanId: newId() }])).body.code).to.equal('UNKNOWN_PLAN');
      for (const path of [`invoice/${newId()}`, `history/${newId()}`]) {
        expect((await request('get', `/v1/billing/${path}`)).status).to.equal(404);
      }
      const mugs = await subscribe(toMugs);
      expect((await request('get', `/v1/billing/invoice/${mugs.id}`)).status).to.equal(404);
      const none = await request('post', '/v1/billing/preview').send({ subscriptionId: mugs.id });
      expect([none.status, none.body.currentState]).to.deep.equal([409, 'active.current']);
    });

    it('prints an invoice, safely', async () => {
      const { id } = await currentInvoice((await subscribe()).id);
      const page = await request('get', `/v1/invoices/${id}`).set('Accept', 'text/html,*/*;q=0.8');
      expect(page.headers['content-type']).to.equal('text/html; charset=utf-8');
      expect(page.headers['content-security-policy']).to.contain("script-src 'self'");
      expect(page.text).to.contain('INV-2030-').and.to.contain('Ada Byron').and.to.contain('$32.39');
      const json = await request('get', `/v1/invoices/${id}`);
      expect(json.body).to.include({ id });
      expect((await request('get', `/v1/invoices/${newId()}`)).status).to.equal(404);
    });

    it('sends money back once, and writes a credit note for it', async () => {
      const subscription = await subscribe();
      const { id, total } = await currentInvoice(subscription.id);
      const key = newId();
      const refund = (body: object = { reason: 'Outages.' }) => request('post', `/v1/invoices/${id}/refund`).send(body);
      const answer = await refund().set('Idempotency-Key', key);
      expect(answer.status, answer.text).to.equal(202);
      expect((await refund().set('Idempotency-Key', key)).headers.location).to.equal(answer.headers.location);
      const note = await eventually('the credit note is written', async () => {
        const found = await request('get', answer.headers.location ?? '');
        return found.status === 200 && found.body.number !== null ? found.body : null;
      });
      expect(note).to.deep.include({ total, invoiceId: id });
      expect(note.number).to.match(/^CN-2030-\d{5}$/);
      const page = await request('get', answer.headers.location ?? '').set('Accept', 'text/html');
      expect(page.text).to.contain(note.number);
      expect((await request('get', `/v1/invoices/${id}`)).body).to.deep.include({
        status: 'REFUNDED',
        refundedAmount: total,
      });
      const more = await refund({ reason: 'Again.', amount: { amount: 1, currency: 'USD' } });
      expect([more.status, more.body.code]).to.deep.equal([409, 'CONFLICT_ERROR']);
    });

    it('retries the invoice of somebody in arrears, and no other', async () => {
      const { id, clockId } = await subscribe();
      const paid = await currentInvoice(id);
      const retry = (invoiceId: string) => request('put', `/v1/billing/retry/${invoiceId}`);
      const refused = await retry(paid.id);
      expect([refused.status, refused.body.currentState]).to.deep.equal([409, 'active.current']);
      await ask(id, 'payment-method', { payment: card('chargeDeclinedInsufficientFunds') });
      await advance(clockId, 'P1M');
      expect((await read(id)).state).to.equal('pastDue');
      const answer = await retry((await currentInvoice(id)).id);
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.body).to.include({ success: false });
      expect((await retry(newId())).status).to.equal(404);
    });
  });
}
