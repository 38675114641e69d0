import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import Stripe from 'stripe';
import { startWebhookReceiver, type WebhookReceiver } from '../../services/gateway/webhookReceiver.js';
import { SandboxClient } from './client.js';

describe('the Stripe sandbox', () => {
  const client = new SandboxClient();
  afterEach(() => client.stop());

  describe('webhooks', () => {
    const secret = 'whsec_test';
    let receiver: WebhookReceiver;
    beforeEach(async () => {
      receiver = await startWebhookReceiver();
      await client.start({ webhook: { url: receiver.url, secret }, webhookBackoffMs: 10, refundSettleMs: 10 });
    });
    afterEach(() => receiver.close());
    const types = () => receiver.received.map(({ event }) => event.type);

    it("are signed so that Stripe's SDK believes them, and no other secret", async () => {
      const { id } = (await client.charge('o1')).body;
      await client.sandbox.webhooksSettled();
      expect(types()).to.have.members(['charge.succeeded', 'payment_intent.succeeded']);
      for (const { rawBody, signature } of receiver.received) {
        const event = Stripe.webhooks.constructEvent(rawBody, signature, secret);
        expect(JSON.stringify(event.data.object)).to.contain(id).and.to.contain('"orderId":"o1"');
        expect(() => Stripe.webhooks.constructEvent(rawBody, signature, 'whsec_other')).to.throw();
      }
    });

    it('tell of everything that happens to money', async () => {
      const { id } = (await client.charge('o1', { capture_method: 'manual' })).body;
      await client.call('POST', `/v1/payment_intents/${id}/capture`);
      await client.call('POST', '/v1/refunds', { payment_intent: id });
      await client.charge('o2', { payment_method: 'pm_card_chargeDeclined' });
      const held = (await client.charge('o3', { capture_method: 'manual' })).body;
      await client.call('POST', `/v1/payment_intents/${held.id}/cancel`);
      await client.sandbox.webhooksSettled();
      expect(new Set(types())).to.have.all.keys(
        'charge.succeeded',
        'payment_intent.amount_capturable_updated',
        'charge.captured',
        'payment_intent.succeeded',
        'refund.created',
        'charge.refunded',
        'refund.updated',
        'charge.failed',
        'payment_intent.payment_failed',
        'payment_intent.canceled',
      );
    });

    it('come after the answer, unless they are asked to come before it', async () => {
      client.sandbox.addFault({ match: { metadata: { orderId: 'early' } }, webhook: 'before' });
      await client.charge('early');
      expect(receiver.received).to.have.lengthOf(2);
      await client.sandbox.webhooksSettled();
      expect(receiver.received).to.have.lengthOf(2);
    });

    it('come twice with the same event id, late, or never, on request', async () => {
      client.sandbox.addFault({ match: { times: 1 }, webhook: 'twice' });
      await client.charge('o1');
      await client.sandbox.webhooksSettled();
      const ids = receiver.received.map(({ event }) => event.id);
      expect([ids.length, new Set(ids).size]).to.deep.equal([4, 2]);

      client.sandbox.addFault({ match: { times: 1 }, webhook: 'late', ms: 150 });
      await client.charge('o2');
      await sleep(50);
      expect(receiver.received).to.have.lengthOf(4);
      await client.sandbox.webhooksSettled();
      expect(receiver.received).to.have.lengthOf(6);

      client.sandbox.addFault({ match: { times: 1 }, webhook: 'none' });
      await client.charge('o3');
      await client.sandbox.webhooksSettled();
      await sleep(30);
      expect(receiver.received).to.have.lengthOf(6);
    });

    it('come although the answer does not', async () => {
      client.sandbox.addFault({ match: { times: 1 }, fault: 'cut_connection_after_success' });
      await client.charge('o1').catch(() => undefined);
      await client.sandbox.webhooksSettled();
      expect(types()).to.include('charge.succeeded');
    });

    it('are tried again while the endpoint fails', async () => {
      receiver.failNext = 3;
      await client.charge('o1');
      await client.sandbox.webhooksSettled();
      expect(types()).to.have.members(['charge.succeeded', 'payment_intent.succeeded']);
    });

    it('are limited to the event types that the endpoint wants', async () => {
      await client.stop();
      await client.start({ webhook: { url: receiver.url, secret }, webhookEvents: ['charge.failed'] });
      await client.charge('o1');
      await client.charge('o2', { payment_method: 'pm_card_chargeDeclined' });
      await client.sandbox.webhooksSettled();
      expect(types()).to.deep.equal(['charge.failed']);
    });

    it('tell when a pending refund has settled', async () => {
      const { id } = (await client.charge('o1', { payment_method: 'pm_card_pendingRefund' })).body;
      await client.call('POST', '/v1/refunds', { payment_intent: id });
      await sleep(50);
      await client.sandbox.webhooksSettled();
      expect(types()).to.include('refund.updated');
    });
  });
});
