import { expect } from 'chai';
import { chargeOf, SandboxClient } from './client.js';

describe('the Stripe sandbox', () => {
  const client = new SandboxClient();
  afterEach(() => client.stop());

  describe('faults', () => {
    beforeEach(() => client.start());
    const ask = (orderId: string, timeoutMs = 150) =>
      fetch(`${client.sandbox.url}/v1/payment_intents`, {
        method: 'POST',
        headers: { authorization: 'Bearer sk_test_x' },
        body: new URLSearchParams(chargeOf(orderId)).toString(),
        signal: AbortSignal.timeout(timeoutMs),
      }).then(
        ({ status }) => status,
        (error: Error) => error.name,
      );

    it('take the answer, the effect, or both', async () => {
      const expected = {
        timeout_after_success: ['TimeoutError', 1000],
        timeout_before: ['TimeoutError', undefined],
        error_500: [500, undefined],
        error_500_after_success: [500, 1000],
        rate_limit_429: [429, undefined],
        cut_connection: ['TypeError', undefined],
        cut_connection_after_success: ['TypeError', 1000],
        latency: [200, 1000],
        insufficient_funds: [402, 0],
      } as const;
      for (const [fault, [answer, charged]] of Object.entries(expected)) {
        client.sandbox.addFault({
          match: { times: 1 },
          fault: fault as keyof typeof expected,
          ms: fault === 'latency' ? 50 : undefined,
        });
        expect(await ask(fault), fault).to.equal(answer);
        expect(client.sandbox.chargedByOrder()[fault], fault).to.equal(charged);
        expect(await ask(`after ${fault}`), fault).to.equal(200);
      }
    });

    it('strike by path, payment method or metadata', async () => {
      client.sandbox.addFault({ match: { path: '/v1/payment_intents/*/capture' }, fault: 'error_500' });
      client.sandbox.addFault({ match: { paymentMethod: 'pm_card_amex' }, fault: 'error_500' });
      client.sandbox.addFault({ match: { metadata: { orderId: 'o9' } }, fault: 'error_500' });
      const held = await client.charge('o1', { capture_method: 'manual' });
      expect(held.status).to.equal(200);
      expect((await client.call('POST', `/v1/payment_intents/${held.body.id}/capture`)).status).to.equal(500);
      expect((await client.charge('o1', { payment_method: 'pm_card_amex' })).status).to.equal(500);
      expect((await client.charge('o9')).status).to.equal(500);
      client.sandbox.clearFaults();
      expect((await client.charge('o9')).status).to.equal(200);
    });

    it('strike at random, the same way for the same seed', async () => {
      const story = async (seed: number) => {
        client.sandbox.clearFaults();
        client.sandbox.addFault({ match: { probability: 0.5, seed }, fault: 'rate_limit_429' });
        const statuses = [];
        for (let n = 0; n < 20; n += 1) statuses.push((await client.charge('o1')).status);
        return statuses.join();
      };
      const first = await story(7);
      expect(first).to.contain('200').and.to.contain('429');
      expect(await story(7)).to.equal(first);
      expect(await story(8)).to.not.equal(first);
    });

    it('are armed, listed and removed over HTTP', async () => {
      const control = async (method: string, path: string, body?: string) => {
        const response = await fetch(`${client.sandbox.url}/_sandbox${path}`, {
          method,
          ...(body === undefined ? {} : { body }),
        });
        return { status: response.status, body: (await response.json()) as Record<string, Record<string, unknown>[]> };
      };
      const rule = { match: { times: 2 }, fault: 'rate_limit_429' };
      expect((await control('POST', '/faults', JSON.stringify(rule))).status).to.equal(201);
      await client.charge('o1');
      expect((await control('GET', '/faults')).body.faults).to.have.lengthOf(1);
      expect((await control('GET', '/faults')).body.faults?.[0]).to.include({ hits: 1, left: 1 });
      expect((await control('DELETE', '/faults')).status).to.equal(200);
      await client.charge('o1');
      expect((await control('GET', '/ledger')).body.entries).to.have.lengthOf(1);
      expect((await control('GET', '/health')).body).to.include({ status: 'ok', paymentIntents: 1 });
      expect((await control('POST', '/faults', '{"fault":"flood"}')).status).to.equal(400);
      expect((await control('POST', '/faults', 'nonsense')).status).to.equal(400);
      expect((await control('POST', '/reset')).status).to.equal(200);
      expect((await control('GET', '/ledger')).body.entries).to.have.lengthOf(0);
      expect((await control('GET', '/nothing')).status).to.equal(404);
    });
  });
});
