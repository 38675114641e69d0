import { expect } from 'chai';
import { sql } from 'kysely';
import type { FaultRule } from '../../scripts/stripeSandbox/faults.js';
import { signatureHeader } from '../../scripts/stripeSandbox/webhookSender.js';
import { eventually } from '../support/eventually.js';
import { itKeepsItsBooks } from './books.js';
import { card } from './fixtures.js';
import { type Order, openShop, type Shop } from './shop.js';

type Trouble = Pick<FaultRule, 'fault' | 'ms' | 'webhook'>;

describe('an order whose charge Stripe has trouble with', function () {
  this.timeout(60_000);
  let shop: Shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop?.close());

  const charges = { method: 'POST', path: '/v1/payment_intents' } as const;

  describe('is charged once and paid', () => {
    const troubles: Readonly<Record<string, Trouble>> = {
      'when the answer never comes, but the webhook does': { fault: 'timeout_after_success', ms: 300 },
      'when neither answer nor webhook come': { fault: 'timeout_after_success', ms: 300, webhook: 'none' },
      'when the answer is a 500 after the charge': { fault: 'error_500_after_success', webhook: 'none' },
      'when there is a rate limit (429)': { fault: 'rate_limit_429' },
      'when the connection is cut before the charge': { fault: 'cut_connection' },
      'when the connection is cut after the charge': { fault: 'cut_connection_after_success', webhook: 'none' },
      'when the answer is slow': { fault: 'latency', ms: 700 },
      'when the webhook comes before the answer': { webhook: 'before' },
      'when the webhook comes before a 500': { fault: 'error_500_after_success', webhook: 'before' },
      'when the webhook comes twice': { webhook: 'twice' },
      'when the webhook comes late': { webhook: 'late', ms: 1500 },
      'when no webhook comes': { webhook: 'none' },
    };
    const orders = new Map<string, Order>();

    before(async () => {
      // One after the other, so that each order meets its own trouble; they then all get out of it at the same time.
      for (const [when, trouble] of Object.entries(troubles)) {
        const fault = shop.sandbox.addFault({ match: { ...charges, times: 1 }, ...trouble });
        orders.set(when, await shop.place());
        await eventually(`${fault} has been met`, async () => {
          const response = await fetch(`${shop.sandbox.url}/_sandbox/faults`);
          const { faults } = (await response.json()) as { faults: { id: string; left: number }[] };
          return faults.find(({ id }) => id === fault)?.left === 0;
        });
      }
    });

    for (const when of Object.keys(troubles)) {
      it(when, async () => {
        const { id, totalAmount } = orders.get(when) as Order;
        const order = await shop.orderIn(id, 'fulfilling.booked');
        expect(order.payment).to.include({ status: 'completed', attempts: 1 });
        expect(shop.charged(id)).to.deep.equal({ charges: 1, refunds: 0, net: totalAmount.amount, declines: 0 });
      });
    }

    it('and the webhooks that came twice or late have changed nothing', async () => {
      await shop.sandbox.webhooksSettled();
      for (const { id } of orders.values()) {
        const told = (await shop.timeline(id)).filter(({ message }) => message.type === 'ChargeSucceeded');
        expect(told.filter(({ outcome }) => outcome === 'applied')).to.have.length(1);
        expect(shop.charged(id)).to.include({ charges: 1 });
      }
      const { rows: twice } = await sql`
        select payment_id from payments.transactions where type = 'Sale' and status = 'Success'
        group by payment_id having count(*) > 1`.execute(shop.db);
      expect(twice).to.deep.equal([]);
    });

    it('and a webhook that comes before the answer is believed', async () => {
      const entries = await shop.timeline(orders.get('when the webhook comes before the answer')?.id as string);
      const charge = entries.find(
        ({ message, outcome }) => message.type === 'ChargeSucceeded' && outcome === 'applied',
      );
      const cause = entries.find(({ message }) => message.id === charge?.causationId);
      expect(cause?.message.type).to.equal('StripeChargeSucceeded');
    });
  });

  describe('that lasts', () => {
    let unreached: Order;
    let unheard: Order;
    let abandoned: Order;
    before(async () => {
      const match = (name: string) => ({ ...charges, paymentMethod: `pm_card_${name}` });
      shop.sandbox.addFault({ match: match('visa_debit'), fault: 'cut_connection' });
      shop.sandbox.addFault({ match: match('mastercard'), fault: 'cut_connection_after_success', webhook: 'none' });
      shop.sandbox.addFault({ match: match('amex'), fault: 'cut_connection_after_success', webhook: 'none' });
      shop.sandbox.addFault({ match: { method: 'GET' }, fault: 'cut_connection' });
      const placed = ['visa_debit', 'mastercard', 'amex'].map((name) => shop.place({ payment: card(name) }));
      const waiting = (await Promise.all(placed)).map(({ id }) => shop.orderIn(id, 'confirmed.paymentRetry'));
      [unreached, unheard, abandoned] = (await Promise.all(waiting)) as [Order, Order, Order];
      await shop.cancel(abandoned.id);
      shop.sandbox.clearFaults();
    });

    it('waits ten minutes like after any other failure (P-13, R-22)', async () => {
      for (const order of [unreached, unheard]) {
        expect(order.payment).to.include({ state: 'retryWait', attempts: 1, failureReason: 'network_error' });
        await shop.hears(order.id, 'payment_failed');
      }
      expect(shop.charged(unreached.id)).to.include({ charges: 0 });
      expect(shop.charged(unheard.id), 'Stripe has charged, and nobody knows').to.include({ charges: 1 });
    });

    it('is charged then', async () => {
      await shop.retry(unreached);
      const order = await shop.orderIn(unreached.id, 'fulfilling.booked');
      expect(order.payment).to.include({ attempts: 2, failureReason: null });
      expect(shop.charged(order.id)).to.include({ charges: 1, net: order.totalAmount.amount });
    });

    it('is not charged again when it has been charged: the charge is looked up first (invariant 5)', async () => {
      await shop.retry(unheard);
      const order = await shop.orderIn(unheard.id, 'fulfilling.booked');
      expect(shop.charged(order.id)).to.include({ charges: 1, net: order.totalAmount.amount });
    });

    it('gets back what was charged without anybody knowing when it was cancelled meanwhile (P-18, O-34)', async () => {
      await eventually('the money is back', async () => shop.charged(abandoned.id).refunds === 1);
      expect(shop.charged(abandoned.id)).to.deep.equal({ charges: 1, refunds: 1, net: 0, declines: 0 });
      expect(await shop.order(abandoned.id)).to.include({ state: 'cancelled' });
      await shop.hears(abandoned.id, 'refund');
    });
  });

  it('hears nothing from webhooks that are not signed by Stripe', async () => {
    const { id, payment } = await shop.place({}, { prefer: 'wait=30' });
    const object = { id: 'pi_1', amount: 1, currency: 'usd', metadata: { paymentId: payment?.id, orderId: id } };
    const event = JSON.stringify({ id: 'evt_1', type: 'payment_intent.succeeded', created: 1, data: { object } });
    const post = (headers: Record<string, string>) =>
      shop.refused(400, 'INVALID_SIGNATURE', 'POST', '/webhooks/stripe', event, headers);
    await post({});
    await post({ 'stripe-signature': 'v1=nonsense' });
    await post({ 'stripe-signature': signatureHeader(event, 'whsec_somebody_else') });
    await post({ 'stripe-signature': signatureHeader(event, 'whsec_flowmart_sandbox', 1_700_000_000) });
    await shop.orderIn(id, 'fulfilling.booked');
  });

  itKeepsItsBooks(() => shop);
});
