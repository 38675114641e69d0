import { appendFileSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readLedger } from '../../../scripts/stripeSandbox/ledger.js';
import { orderBooks } from '../../../scripts/stripeSandbox/orderBooks.js';
import { newLedgerPath, SandboxClient } from './client.js';

describe('the Stripe sandbox', () => {
  const client = new SandboxClient();
  afterEach(() => client.stop());

  describe('the ledger', () => {
    it('outlives the sandbox: intents, refunds, customers and keys are rebuilt from it', async () => {
      const ledger = await newLedgerPath();
      await client.start({ ledger });
      const customer = (await client.call('POST', '/v1/customers', {}, 'kc')).body.id;
      const first = await client.charge('o1', {}, 'k1');
      const refused = await client.charge('o2', { payment_method: 'pm_card_chargeDeclined' }, 'k2');
      await client.call('POST', '/v1/refunds', { payment_intent: first.body.id, amount: '400' }, 'k3');
      const before = (await client.call('GET', `/v1/payment_intents/${first.body.id}`)).body;
      await client.stop();

      await client.start({ ledger });
      expect((await client.call('GET', `/v1/payment_intents/${first.body.id}`)).body).to.deep.equal(before);
      expect((await client.charge('o1', {}, 'k1')).body).to.deep.equal(first.body);
      expect((await client.charge('o2', { payment_method: 'pm_card_chargeDeclined' }, 'k2')).body).to.deep.equal(
        refused.body,
      );
      expect((await client.call('GET', `/v1/customers/${customer}`)).status).to.equal(200);
      expect((await client.call('POST', '/v1/refunds', { payment_intent: first.body.id })).body).to.include({
        amount: 600,
      });
      expect(client.sandbox.chargedByOrder()).to.deep.equal({ o1: 0, o2: 0 });
      expect(client.sandbox.ledger().map(({ seq }) => seq)).to.deep.equal([1, 2, 3, 4, 5]);
    });

    it('drops a last line that a crash cut short, and goes on behind the whole ones', async () => {
      const ledger = await newLedgerPath();
      await client.start({ ledger });
      await client.charge('o1', {}, 'k1');
      await client.stop();
      appendFileSync(ledger, '{"seq":2,"type":"char');
      expect([...readLedger(ledger)]).to.have.lengthOf(1);
      await client.start({ ledger });
      await client.charge('o2', {}, 'k2');
      expect(
        readFileSync(ledger, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).seq),
      ).to.deep.equal([1, 2]);
    });

    it('counts charges, refunds and declines of every order', async () => {
      await client.start();
      await client.charge('o1');
      const { id } = (await client.charge('o1')).body;
      await client.charge('o1', { payment_method: 'pm_card_chargeDeclined' });
      await client.call('POST', '/v1/refunds', { payment_intent: id, amount: '250' });
      const expected = {
        currency: 'usd',
        charged: 2000,
        refunded: 250,
        net: 1750,
        charges: 2,
        refunds: 1,
        declines: 1,
      };
      expect(orderBooks(client.sandbox.ledger()).get('o1')).to.deep.equal(expected);
      const books = (await client.call('GET', '/_sandbox/books')) as unknown as { body: { orders: object } };
      expect(books.body.orders).to.deep.equal({ o1: expected });
    });

    it('starts anew after a reset, which the file remembers', async () => {
      const ledger = await newLedgerPath();
      await client.start({ ledger });
      const { id } = (await client.charge('o1', {}, 'k1')).body;
      client.sandbox.reset();
      expect(client.sandbox.chargedByOrder()).to.deep.equal({});
      expect((await client.call('GET', `/v1/payment_intents/${id}`)).status).to.equal(404);
      await client.charge('o1', { amount: '2000' }, 'k1');
      await client.stop();
      await client.start({ ledger });
      expect(client.sandbox.chargedByOrder()).to.deep.equal({ o1: 2000 });
    });

    it('keeps the newest intents in memory and every key', async () => {
      await client.start({ maxIntents: 10 });
      const ids = [];
      for (let n = 0; n < 12; n += 1) ids.push((await client.charge(`o${n}`, {}, `k${n}`)).body.id);
      expect((await client.call('GET', `/v1/payment_intents/${ids[0]}`)).status).to.equal(404);
      expect((await client.call('GET', `/v1/payment_intents/${ids[11]}`)).status).to.equal(200);
      expect((await client.charge('o0', {}, 'k0')).body.id).to.equal(ids[0]);
      expect(Object.keys(client.sandbox.chargedByOrder())).to.have.lengthOf(12);
    });
  });
});
