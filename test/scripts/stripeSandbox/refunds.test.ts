import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { SandboxClient } from './client.js';

describe('the Stripe sandbox', () => {
  const client = new SandboxClient();
  afterEach(() => client.stop());

  describe('refunds', () => {
    beforeEach(() => client.start({ refundSettleMs: 20 }));
    const refund = (form: Record<string, string>, key?: string) => client.call('POST', '/v1/refunds', form, key);

    it('return a part, then whatever is left, by intent or by charge, and then refuse', async () => {
      const { id, latest_charge } = (await client.charge('o1')).body;
      expect((await refund({ payment_intent: id, amount: '300' })).body).to.include({
        status: 'succeeded',
        amount: 300,
      });
      expect((await refund({ payment_intent: id, amount: '701' })).status).to.equal(400);
      expect((await refund({ charge: latest_charge })).body).to.include({ amount: 700 });
      expect((await refund({ payment_intent: id })).body.error).to.include({ code: 'charge_already_refunded' });
      expect(client.sandbox.chargedByOrder()).to.deep.equal({ o1: 0 });
      const listed = await client.call('GET', '/v1/refunds', { payment_intent: id });
      expect(listed.body.data.map(({ amount }) => amount)).to.deep.equal([700, 300]);
      const [last] = listed.body.data;
      expect((await client.call('GET', `/v1/refunds/${last?.id}`)).body).to.include({ amount: 700 });
    });

    it('are not to be had for what was never taken', async () => {
      const { id } = (await client.charge('o1', { capture_method: 'manual' })).body;
      expect((await refund({ payment_intent: id })).status).to.equal(400);
      expect((await refund({ payment_intent: 'pi_nobody' })).body.error).to.include({ code: 'resource_missing' });
      expect((await refund({})).status).to.equal(400);
    });

    it('of the special cards settle later, or come back', async () => {
      for (const [token, before, after, left] of [
        ['pm_card_pendingRefund', 'pending', 'succeeded', 0],
        ['pm_card_refundFail', 'succeeded', 'failed', 1000],
      ] as const) {
        const { id } = (await client.charge(token, { payment_method: token })).body;
        const made = (await refund({ payment_intent: id })).body;
        expect(made.status).to.equal(before);
        expect(client.sandbox.chargedByOrder()[token]).to.equal(0);
        await sleep(60);
        expect((await client.call('GET', `/v1/refunds/${made.id}`)).body.status).to.equal(after);
        expect(client.sandbox.chargedByOrder()[token]).to.equal(left);
      }
    });
  });

  describe('customers', () => {
    beforeEach(() => client.start());

    it('keep cards under ids of their own, which charge like the cards', async () => {
      const customer = (await client.call('POST', '/v1/customers', { email: 'a@example.com' })).body.id;
      const attach = (token: string) => client.call('POST', `/v1/payment_methods/${token}/attach`, { customer });
      const good = (await attach('pm_card_visa')).body.id;
      expect(good).to.match(/^pm_1/);
      expect((await client.charge('o1', { payment_method: good, customer })).body.status).to.equal('succeeded');
      const failing = (await attach('pm_card_chargeCustomerFail')).body.id;
      expect((await client.charge('o2', { payment_method: failing, customer })).status).to.equal(402);
      expect((await attach('pm_card_chargeDeclined')).status).to.equal(402);
      expect((await attach('pm_nobody')).status).to.equal(404);
    });
  });
});
