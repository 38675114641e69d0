import { expect } from 'chai';
import { chargeOf, SandboxClient } from './client.js';

describe('the Stripe sandbox', () => {
  const client = new SandboxClient();
  afterEach(() => client.stop());

  describe('payment intents', () => {
    beforeEach(() => client.start());

    it("charge Stripe's good cards and enter them in the ledger", async () => {
      for (const card of ['pm_card_visa', 'pm_card_visa_debit', 'pm_card_mastercard', 'pm_card_amex']) {
        const { status, headers, body } = await client.charge(card, { payment_method: card }, `key of ${card}`);
        expect(status, card).to.equal(200);
        expect(headers.get('request-id')).to.match(/^req_/);
        expect(body).to.include({
          object: 'payment_intent',
          status: 'succeeded',
          amount_received: 1000,
          currency: 'usd',
        });
        expect(client.sandbox.ledger().at(-1)).to.include({
          type: 'charged',
          amount: 1000,
          orderId: card,
          idempotencyKey: `key of ${card}`,
        });
      }
    });

    const refusals: [token: string, code: string, declineCode: string | undefined][] = [
      ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
      ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
      ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
      ['pm_card_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
      ['pm_card_chargeDeclinedStolenCard', 'card_declined', 'stolen_card'],
      ['pm_card_chargeDeclinedExpiredCard', 'expired_card', undefined],
      ['pm_card_chargeDeclinedProcessingError', 'processing_error', undefined],
      ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', undefined],
      ['pm_card_chargeDeclinedFraudulent', 'card_declined', 'fraudulent'],
      ['pm_card_chargeDeclinedVelocityLimitExceeded', 'card_declined', 'card_velocity_exceeded'],
      ['pm_card_radarBlock', 'card_declined', 'fraudulent'],
      ['pm_card_chargeCustomerFail', 'card_declined', 'generic_decline'],
    ];
    for (const [token, code, declineCode] of refusals) {
      it(`refuse ${token} as Stripe does`, async () => {
        const { status, body } = await client.charge('o1', { payment_method: token });
        expect(status).to.equal(402);
        expect(body.error).to.include({ type: 'card_error', code });
        expect(body.error.decline_code).to.equal(declineCode);
        expect(body.error.payment_intent).to.include({ status: 'requires_payment_method', payment_method: null });
        expect(client.sandbox.ledger().map(({ type }) => type)).to.deep.equal(['declined']);
        expect(client.sandbox.chargedByOrder()).to.deep.equal({ o1: 0 });
      });
    }

    it('ask for authentication, or refuse when nobody is there to give it', async () => {
      const card = { payment_method: 'pm_card_authenticationRequired' };
      expect((await client.charge('o1', card)).body).to.include({ status: 'requires_action' });
      for (const unattended of ['off_session', 'error_on_requires_action']) {
        const { status, body } = await client.charge('o1', { ...card, [unattended]: 'true' });
        expect(status).to.equal(402);
        expect(body.error).to.include({ code: 'authentication_required' });
      }
    });

    it('can be created, confirmed after a refusal with another card, and then not again', async () => {
      const { confirm: _confirm, payment_method: _method, ...unconfirmed } = chargeOf('o1');
      const { body } = await client.call('POST', '/v1/payment_intents', unconfirmed);
      expect(body.status).to.equal('requires_payment_method');
      const confirm = (payment_method: string) =>
        client.call('POST', `/v1/payment_intents/${body.id}/confirm`, { payment_method });
      expect((await confirm('pm_card_chargeDeclined')).status).to.equal(402);
      expect((await confirm('pm_card_visa')).body.status).to.equal('succeeded');
      expect((await confirm('pm_card_visa')).body.error).to.include({ code: 'payment_intent_unexpected_state' });
      const charges = await client.call('GET', '/v1/charges', { payment_intent: body.id });
      expect(charges.body.data.map(({ status }) => status)).to.deep.equal(['succeeded', 'failed']);
      expect(client.sandbox.chargedByOrder()).to.deep.equal({ o1: 1000 });
    });

    it('hold the money when captured by hand, and take it or let it go', async () => {
      const held = { capture_method: 'manual' };
      const [first, second] = [(await client.charge('o1', held)).body, (await client.charge('o2', held)).body];
      expect(first).to.include({ status: 'requires_capture', amount_capturable: 1000, amount_received: 0 });
      expect(client.sandbox.chargedByOrder()).to.deep.equal({ o1: 0, o2: 0 });
      const taken = await client.call('POST', `/v1/payment_intents/${first.id}/capture`, { amount_to_capture: '900' });
      expect(taken.body).to.include({ status: 'succeeded', amount_received: 900 });
      expect((await client.call('POST', `/v1/payment_intents/${second.id}/cancel`)).body).to.include({
        status: 'canceled',
      });
      expect((await client.call('POST', `/v1/payment_intents/${second.id}/capture`)).status).to.equal(400);
      expect((await client.call('POST', `/v1/payment_intents/${first.id}/cancel`)).status).to.equal(400);
      expect(client.sandbox.chargedByOrder()).to.deep.equal({ o1: 900, o2: 0 });
    });

    it('are found by id, by search and in the list, newest first', async () => {
      const ids = [];
      for (const orderId of ['o1', 'o2', 'o3']) ids.unshift((await client.charge(orderId)).body.id);
      expect((await client.call('GET', `/v1/payment_intents/${ids[0]}`)).body.metadata).to.include({ orderId: 'o3' });
      const query = "metadata['effectId']:'effect of o2' AND status:'succeeded'";
      const found = await client.call('GET', '/v1/payment_intents/search', { query });
      expect(found.body.data.map(({ id }) => id)).to.deep.equal([ids[1]]);
      const byOrder = await client.call('GET', '/v1/payment_intents/search', { query: "metadata['orderId']:'o3'" });
      expect(byOrder.body.data.map(({ id }) => id)).to.deep.equal([ids[0]]);
      const page = await client.call('GET', '/v1/payment_intents', { limit: '2' });
      expect(page.body.data.map(({ id }) => id)).to.deep.equal(ids.slice(0, 2));
      expect(page.body.has_more).to.equal(true);
      const rest = await client.call('GET', '/v1/payment_intents', { limit: '2', starting_after: ids[1] ?? '' });
      expect(rest.body.data.map(({ id }) => id)).to.deep.equal([ids[2]]);
      const later = await client.call('GET', '/v1/payment_intents', {
        'created[gte]': String(Math.floor(Date.now() / 1000) + 60),
      });
      expect(later.body.data).to.deep.equal([]);
    });

    it('refuse what Stripe refuses', async () => {
      const wrong: [Record<string, string>, string | undefined, string | undefined][] = [
        [{ payment_method: 'pm_nobody' }, 'resource_missing', 'payment_method'],
        [{ amount: '' }, 'parameter_missing', 'amount'],
        [{ amount: '10.5' }, 'parameter_invalid_integer', 'amount'],
        [{ amount: '10' }, 'amount_too_small', 'amount'],
        [{ amount: '100000000' }, 'amount_too_large', 'amount'],
        [{ currency: 'xyz' }, undefined, 'currency'],
        [{ currency: 'bhd', amount: '5124' }, undefined, 'amount'],
        [{ currency: 'isk', amount: '550' }, 'invalid_charge_amount_no_decimal_compatible', 'amount'],
        [{ surprise: '1' }, 'parameter_unknown', 'surprise'],
        [{ 'payment_method_types[]': '', customer: 'cus_nobody' }, 'resource_missing', 'customer'],
      ];
      for (const [changes, code, param] of wrong) {
        const { status, body } = await client.charge('o1', changes);
        expect(status, JSON.stringify(changes)).to.equal(400);
        expect(body.error, JSON.stringify(changes)).to.include({ type: 'invalid_request_error', param });
        expect(body.error.code, JSON.stringify(changes)).to.equal(code);
      }
      expect((await client.call('GET', '/v1/payment_intents/pi_nobody')).status).to.equal(404);
      expect((await client.call('GET', '/v1/nothing')).status).to.equal(404);
      expect(client.sandbox.ledger()).to.have.lengthOf(0);
    });

    it('want an API key of the test mode, as bearer or basic', async () => {
      const ask = (authorization?: string) =>
        fetch(`${client.sandbox.url}/v1/balance`, { headers: authorization ? { authorization } : {} }).then(
          ({ status }) => status,
        );
      expect(await ask()).to.equal(401);
      expect(await ask('Bearer sk_live_abc')).to.equal(401);
      expect(await ask('Bearer sk_test_abc')).to.equal(200);
      expect(await ask(`Basic ${Buffer.from('sk_test_abc:').toString('base64')}`)).to.equal(200);
    });
  });
});
