import { expect } from 'chai';
import { sql } from 'kysely';
import { newId } from '../../../src/http/ids.js';
import type { Shop } from '../shop.js';
import { camera, mug, mugPrice, orderBody, payingWith, plant, sanFrancisco } from './orderBodies.js';

/** `POST /v1/orders`. */
export function describePlacing(shop: () => Shop): void {
  const place = (change: object = {}) => shop().request('post', '/v1/orders').send(orderBody(change));

  describe('placing an order', () => {
    it('answers with the accepted order at our prices, and where it is (O-02)', async () => {
      const answer = await place();
      expect(answer.status).to.equal(201);
      expect(answer.headers.location).to.equal(`/v1/orders/${answer.body.id}`);
      expect(answer.headers.etag).to.equal(`"${answer.body.version}"`);
      expect(answer.body).to.deep.include({
        customerId: null,
        state: 'confirmed.reserving',
        status: 'pending',
        subtotal: { amount: 2 * mugPrice, currency: 'USD' },
        tax: { amount: 246, currency: 'USD' },
        shipping: { amount: 499, currency: 'USD' },
        totalAmount: { amount: 3743, currency: 'USD' },
        billingAddress: sanFrancisco,
        payment: null,
        shipments: [],
      });
      expect(answer.text).not.to.contain('pm_card_visa');
    });

    it('waits for the payment when it is asked to', async () => {
      const answer = await place().set('Prefer', 'wait=10');
      expect(answer.headers['preference-applied']).to.equal('wait=10');
      expect(answer.body.status).to.equal('processing');
      expect(answer.body.payment).to.include({ status: 'completed', attempts: 1 });
      expect(answer.headers.etag).to.equal(`"${answer.body.version}"`);
    });

    it('waits until the order is known to be cancelled (O-07)', async () => {
      const answer = await place({ items: [{ productId: plant, quantity: 121 }] }).set('Prefer', 'wait=10');
      expect(answer.status).to.equal(201);
      expect(answer.body).to.include({ state: 'cancelled', status: 'cancelled' });
      expect(answer.body.cancellation.reason).to.equal('OUT_OF_STOCK');
    });

    it('waits until the order is on hold (O-11)', async () => {
      const answer = await place({ items: [{ productId: camera, quantity: 6 }] }).set('Prefer', 'wait=10');
      expect(answer.body.state).to.equal('confirmed.fraudHold');
      expect(answer.body.reviewDueAt).to.be.a('string');
      await shop().request('post', `/v1/orders/${answer.body.id}/cancel`).send({});
    });

    it('does not wait longer than it was asked to', async () => {
      const startedAt = performance.now();
      const answer = await place().set('Prefer', 'wait=0');
      expect(answer.status).to.equal(201);
      expect(performance.now() - startedAt).to.be.below(2000);
    });

    it('compares the prices that the customer saw with ours', async () => {
      const seen = (amount: number, currency = 'USD') => [{ productId: mug, quantity: 1, price: { amount, currency } }];
      expect((await place({ items: seen(mugPrice) })).status).to.equal(201);
      const answer = await place({ items: [{ productId: camera, quantity: 1 }, ...seen(mugPrice - 1)] });
      expect(answer.status).to.equal(422);
      expect(answer.body.code).to.equal('PRICE_MISMATCH');
      expect(answer.body.errors).to.deep.equal([
        { in: 'body', pointer: '/items/1/price', detail: `is ${mugPrice} USD (minor units)` },
      ]);
      expect((await place({ items: seen(mugPrice, 'EUR') })).body.code).to.equal('PRICE_MISMATCH');
    });

    it('prices in the currency of the order', async () => {
      const answer = await place({ currency: 'EUR', shippingAddress: { ...sanFrancisco, country: 'DE' } });
      expect(answer.body.subtotal).to.deep.equal({ amount: 2780, currency: 'EUR' });
      expect(answer.body.tax).to.deep.equal({ amount: 528, currency: 'EUR' });
    });

    it('makes one line of a product that stands on two', async () => {
      const answer = await place({
        items: [
          { productId: mug, quantity: 1 },
          { productId: mug.toUpperCase(), quantity: 2 },
        ],
      });
      expect(answer.body.items).to.have.lengthOf(1);
      expect(answer.body.items[0].quantity).to.equal(3);
    });

    it('understands other names for the parts of an address (C-39)', async () => {
      const { street, postalCode, ...rest } = sanFrancisco;
      for (const address of [
        { ...rest, line1: street, zip: postalCode },
        { ...rest, addressLine1: street, zipCode: postalCode },
      ]) {
        expect((await place({ shippingAddress: address })).body.shippingAddress).to.deep.equal(sanFrancisco);
      }
      const flat = await place({ shippingAddress: { ...sanFrancisco, line2: 'Floor 3' } });
      expect(flat.body.shippingAddress.street).to.equal('1 Market St, Floor 3');
    });

    for (const [what, change, code] of [
      ['a product that there is not', { items: [{ productId: newId(), quantity: 1 }] }, 'UNKNOWN_PRODUCT'],
      ['a customer that there is not', { customerId: newId() }, 'UNKNOWN_CUSTOMER'],
      ['a currency without prices', { currency: 'CHF' }, 'UNSUPPORTED_CURRENCY'],
      [
        'a country that we do not deliver to',
        { shippingAddress: { ...sanFrancisco, country: 'AQ' } },
        'UNSUPPORTED_COUNTRY',
      ],
      ['more than a card can pay', { items: [{ productId: camera, quantity: 1000 }] }, 'ORDER_TOO_LARGE'],
    ] as const) {
      it(`is refused with ${what} (O-01, G-15)`, async () => {
        const answer = await place(change);
        expect(answer.status).to.equal(422);
        expect(answer.body.code).to.equal(code);
      });
    }

    it('is refused with a product that is no longer sold', async () => {
      const { db } = shop();
      await sql`update inventory.products set is_active = false where product_id = ${plant}`.execute(db);
      try {
        expect((await place({ items: [{ productId: plant, quantity: 1 }] })).body.code).to.equal('UNKNOWN_PRODUCT');
      } finally {
        await sql`update inventory.products set is_active = true where product_id = ${plant}`.execute(db);
      }
    });

    const many = Array.from({ length: 101 }, () => ({ productId: mug, quantity: 1 }));
    for (const [what, change, pointer] of [
      ['no lines', { items: [] }, '/items'],
      ['too many lines', { items: many }, '/items'],
      ['none of a product', { items: [{ productId: mug, quantity: 0 }] }, '/items/0/quantity'],
      ['too many of a product', { items: [{ productId: mug, quantity: 1001 }] }, '/items/0/quantity'],
      ['half a product', { items: [{ productId: mug, quantity: 0.5 }] }, '/items/0/quantity'],
      ['a quantity in words', { items: [{ productId: mug, quantity: '2' }] }, '/items/0/quantity'],
      ['a discount of its own', { discount: { amount: 100, currency: 'USD' } }, '/discount'],
      ['a total of its own', { totalAmount: 1 }, '/totalAmount'],
      ['no address', { shippingAddress: undefined }, '/shippingAddress'],
      ['a street twice', { shippingAddress: { ...sanFrancisco, line1: 'x' } }, '/shippingAddress/line1'],
      [
        'no postal code',
        { shippingAddress: { ...sanFrancisco, postalCode: undefined } },
        '/shippingAddress/postalCode',
      ],
      ['a country in words', { shippingAddress: { ...sanFrancisco, country: 'USA' } }, '/shippingAddress/country'],
      ['a currency in words', { currency: 'dollars' }, '/currency'],
      ['a card number for a token', payingWith('4242 4242 4242 4242'), '/payment/method/token'],
      ['an internet address that is none', { checkout: { ipAddress: '1.2.3' } }, '/checkout/ipAddress'],
      ['an id that is none', { customerId: "1' or '1'='1" }, '/customerId'],
    ] as const) {
      it(`is not valid with ${what}`, async () => {
        const answer = await place(change);
        expect(answer.status).to.equal(400);
        expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).to.include(pointer);
      });
    }

    it('does nothing for a request that is not valid', async () => {
      const before = await countOrders(shop());
      await place({ items: [] });
      await place({ customerId: newId() });
      expect(await countOrders(shop())).to.equal(before);
    });

    it('happens once for a key that comes twice at once', async () => {
      const key = newId();
      const before = await countOrders(shop());
      const answers = await Promise.all([1, 2, 3, 4].map(() => place().set('Idempotency-Key', key)));
      expect(answers.filter(({ status }) => status === 201)).to.have.lengthOf.at.least(1);
      expect(new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id)).size).to.equal(1);
      expect(await countOrders(shop())).to.equal(before + 1);
    });

    it('is repaired by a repetition when its answer was lost', async () => {
      const key = newId();
      const first = await place().set('Idempotency-Key', key);
      await sql`update runtime.idempotency_keys set status = null, body = null, claimed_at = claimed_at - interval '31 seconds'
        where key = ${key}`.execute(shop().db);
      const before = await countOrders(shop());
      const again = await place().set('Idempotency-Key', key);
      expect(again.status).to.equal(201);
      expect(again.body.id).to.equal(first.body.id);
      expect(again.headers.location).to.equal(first.headers.location);
      expect(await countOrders(shop())).to.equal(before);
    });

    it('is refused to a customer after ten within an hour, until the oldest is an hour old (R-26)', async () => {
      const { body: customer } = await shop()
        .request('post', '/v1/customers')
        .send({ firstName: 'Ida', lastName: 'Busy', email: `${newId()}@example.com` });
      for (let i = 0; i < 10; i++) expect((await place({ customerId: customer.id })).status).to.equal(201);
      const refused = await place({ customerId: customer.id });
      expect(refused.status).to.equal(429);
      expect(refused.body.code).to.equal('RATE_LIMITED');
      expect(Number(refused.headers['retry-after'])).to.be.within(3500, 3600);
      await sql`update orders.orders set created_at = created_at - interval '61 minutes'
        where id = (select id from orders.orders where customer_id = ${customer.id} order by created_at limit 1)`.execute(
        shop().db,
      );
      expect((await place({ customerId: customer.id })).status).to.equal(201);
    });
  });
}

async function countOrders({ db }: Shop): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from orders.orders`.execute(db);
  return rows[0]?.n ?? 0;
}
