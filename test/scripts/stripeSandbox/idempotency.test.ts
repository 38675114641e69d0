import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { chargeOf, SandboxClient } from './client.js';

describe('the Stripe sandbox', () => {
  const client = new SandboxClient();
  afterEach(() => client.stop());

  describe('idempotency keys', () => {
    beforeEach(() => client.start());

    it('replay the stored answer, refusals included, and say so', async () => {
      for (const token of ['pm_card_visa', 'pm_card_chargeDeclined']) {
        const first = await client.charge('o1', { payment_method: token }, token);
        const again = await client.charge('o1', { payment_method: token }, token);
        expect(again.status).to.equal(first.status);
        expect(again.body).to.deep.equal(first.body);
        expect(first.headers.get('idempotent-replayed')).to.equal(null);
        expect(again.headers.get('idempotent-replayed')).to.equal('true');
        expect(again.headers.get('original-request')).to.equal(first.headers.get('request-id'));
      }
      expect(client.sandbox.ledger().map(({ type }) => type)).to.deep.equal(['charged', 'declined']);
    });

    it('replay what was answered then, whatever has become of it', async () => {
      const held = await client.charge('o1', { capture_method: 'manual' }, 'k1');
      await client.call('POST', `/v1/payment_intents/${held.body.id}/capture`);
      expect((await client.charge('o1', { capture_method: 'manual' }, 'k1')).body.status).to.equal('requires_capture');
    });

    it('do not care about the order of parameters, but about their values and the endpoint', async () => {
      const form = chargeOf('o1');
      const first = await client.call('POST', '/v1/payment_intents', form, 'k1');
      const reversed = Object.fromEntries(Object.entries(form).reverse());
      expect((await client.call('POST', '/v1/payment_intents', reversed, 'k1')).body).to.deep.equal(first.body);
      const other = await client.charge('o1', { amount: '1001' }, 'k1');
      expect(other.status).to.equal(400);
      expect(other.body.error).to.include({ type: 'idempotency_error' });
      expect((await client.call('POST', '/v1/refunds', { payment_intent: first.body.id }, 'k1')).body.error).to.include(
        {
          type: 'idempotency_error',
        },
      );
      expect(client.sandbox.chargedByOrder()).to.deep.equal({ o1: 1000 });
    });

    it('are in use while their first request runs', async () => {
      client.sandbox.addFault({ match: { times: 1 }, fault: 'latency', ms: 100 });
      const answers = await Promise.all([
        client.charge('o1', {}, 'k1'),
        sleep(30).then(() => client.charge('o1', {}, 'k1')),
      ]);
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 409]);
      expect(answers[1]?.body.error).to.include({ code: 'idempotency_key_in_use' });
      expect((await client.charge('o1', {}, 'k1')).status).to.equal(200);
      expect(client.sandbox.chargedByOrder()).to.deep.equal({ o1: 1000 });
    });

    it('keep a 500, with or without effect, but neither a 429 nor a refused parameter', async () => {
      for (const fault of ['error_500', 'error_500_after_success'] as const) {
        client.sandbox.addFault({ match: { times: 1 }, fault });
        expect((await client.charge(fault, {}, fault)).status).to.equal(500);
        expect((await client.charge(fault, {}, fault)).status).to.equal(500);
      }
      expect(client.sandbox.chargedByOrder()).to.deep.equal({ error_500_after_success: 1000 });
      client.sandbox.addFault({ match: { times: 1 }, fault: 'rate_limit_429' });
      expect((await client.charge('o1', {}, 'k1')).status).to.equal(429);
      expect((await client.charge('o1', { amount: '1' }, 'k1')).status).to.equal(400);
      expect((await client.charge('o1', {}, 'k1')).status).to.equal(200);
    });
  });
});
