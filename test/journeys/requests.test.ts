import { expect } from 'chai';
import { itKeepsItsBooks } from './books.js';
import { card, portland, product } from './fixtures.js';
import { rowCounts } from './rowCounts.js';
import { openShop, type Problem, type Shop } from './shop.js';

type Request = readonly [method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>];

describe('a request for an order', function () {
  this.timeout(60_000);
  const mug = product('MUG-STONE-35');
  const path = '/v1/orders';
  let shop: Shop;
  let counts: Record<string, number>;
  before(async () => {
    shop = await openShop();
    const { id } = await shop.place({}, { prefer: 'wait=30' });
    await shop.orderIn(id, 'fulfilling.booked');
  });
  after(() => shop?.close());

  /** Registers one test that sends a request, which must be refused clearly and leave no trace. */
  function isRefused(
    what: string,
    [status, code]: readonly [number, string],
    send: () => Request,
    pointer?: string,
  ): void {
    it(`is refused ${what}: ${status} ${code}`, async () => {
      const problem = await shop.refused(status, code, ...send());
      if (pointer !== undefined) expect(problem.errors?.map((error) => error.pointer)).to.include(pointer);
      if (problem.status === 400) expect(JSON.stringify(problem)).to.have.length.below(6000);
      expect(await rowCounts(shop)).to.deep.equal(counts);
    });
  }

  describe('whose body is not right', () => {
    before(async () => {
      await shop.quiet();
      counts = await rowCounts(shop);
    });
    const invalid = [400, 'VALIDATION_ERROR'] as const;
    const malformed = [400, 'MALFORMED_BODY'] as const;
    const order = (changes: object) => (): Request => ['POST', path, { ...shop.orderBody(), ...changes }];
    const item = (changes: object) => order({ items: [{ productId: mug.id, quantity: 1, ...changes }] });
    const text =
      (body: string | Uint8Array, headers = {}) =>
      (): Request => ['POST', path, body, headers];
    const plain = () => JSON.stringify(shop.orderBody());

    isRefused('with an unknown field', invalid, order({ coupon: 'FREE' }), '/coupon');
    isRefused('with an unknown field deep inside', invalid, item({ discount: 1 }), '/items/0/discount');
    isRefused(
      'with a total of its own',
      invalid,
      order({ totalAmount: { amount: 1, currency: 'USD' } }),
      '/totalAmount',
    );
    isRefused('without items', invalid, order({ items: [] }), '/items');
    isRefused('without anything', invalid, () => ['POST', path, {}], '/items');
    isRefused('with items that are no list', invalid, order({ items: { 0: {} } }), '/items');
    isRefused(
      'with too many items',
      invalid,
      order({ items: Array(101).fill({ productId: mug.id, quantity: 1 }) }),
      '/items',
    );
    for (const quantity of [-1, 0, 1.5, 1e9, '2', null, true, [1], {}]) {
      isRefused(`with the quantity ${JSON.stringify(quantity)}`, invalid, item({ quantity }), '/items/0/quantity');
    }
    isRefused('with a product id that is none', invalid, item({ productId: "1' or '1'='1" }), '/items/0/productId');
    isRefused(
      'with a price that is a fraction',
      invalid,
      item({ price: { amount: 14.99, currency: 'USD' } }),
      '/items/0/price/amount',
    );
    isRefused('with a currency that is none', invalid, order({ currency: 'dollars' }), '/currency');
    isRefused('with a customer that is none', invalid, order({ customerId: 1 }), '/customerId');
    isRefused(
      'without a street',
      invalid,
      order({ shippingAddress: { ...portland, street: ' ' } }),
      '/shippingAddress/street',
    );
    isRefused(
      'with a street like a book',
      invalid,
      order({ shippingAddress: { ...portland, street: 'x'.repeat(201) } }),
      '/shippingAddress/street',
    );
    isRefused(
      'with a country that is none',
      invalid,
      order({ shippingAddress: { ...portland, country: 'Oregon' } }),
      '/shippingAddress/country',
    );
    isRefused('without a way to pay', invalid, order({ payment: undefined }), '/payment');
    isRefused(
      'with a card number for a token',
      invalid,
      order({ payment: { method: { type: 'card', token: '4242 4242 4242 4242' } } }),
      '/payment/method/token',
    );
    isRefused(
      'with a card number beside the token',
      invalid,
      order({ payment: { method: { ...card('visa').method, number: '4242424242424242' } } }),
      '/payment/method/number',
    );
    isRefused(
      'with an internet address that is none',
      invalid,
      order({ checkout: { ipAddress: '1.2.3.4.5' } }),
      '/checkout/ipAddress',
    );

    for (const body of ['', 'null', 'true', '7', '"order"', '[]']) {
      isRefused(`that says only ${body || 'nothing'}`, invalid, text(body));
    }
    isRefused('that is not JSON', malformed, text('{"items": [}'));
    isRefused('that is XML', malformed, text('<order/>'));
    isRefused('that is not UTF-8', malformed, text(Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])));
    isRefused('with half a character', malformed, order({ shippingAddress: { ...portland, city: 'Port\ud800land' } }));
    isRefused('with a NUL', malformed, order({ shippingAddress: { ...portland, city: 'Port\0land' } }));
    isRefused('with __proto__', malformed, text('{"__proto__": {"isAdmin": true}, "items": []}'));
    isRefused('with a constructor', malformed, text('{"items": [{"constructor": {"prototype": {"quantity": 1}}}]}'));
    isRefused('that is nested without end', malformed, text(`${'['.repeat(20_000)}${']'.repeat(20_000)}`));
    isRefused('that is too large', [413, 'BODY_TOO_LARGE'], text(JSON.stringify({ items: 'x'.repeat(70_000) })));
    isRefused('that is a form', [415, 'UNSUPPORTED_MEDIA_TYPE'], () => [
      'POST',
      path,
      'items=1',
      { 'content-type': 'application/x-www-form-urlencoded' },
    ]);
    isRefused('in another character set', [415, 'UNSUPPORTED_MEDIA_TYPE'], () => [
      'POST',
      path,
      plain(),
      { 'content-type': 'application/json; charset=utf-16' },
    ]);
    isRefused('that is compressed', [415, 'UNSUPPORTED_MEDIA_TYPE'], () => [
      'POST',
      path,
      plain(),
      { 'content-encoding': 'gzip' },
    ]);
    isRefused(
      'under a key that is none',
      invalid,
      () => ['POST', path, plain(), { 'idempotency-key': 'x'.repeat(300) }],
      'idempotency-key',
    );

    it('is refused with everything that is wrong at once', async () => {
      const body = { items: [{ productId: 'x', quantity: -1 }], payment: {}, coupon: 1 };
      const { errors } = await shop.refused(400, 'VALIDATION_ERROR', 'POST', path, body);
      const pointers = ['/items/0/productId', '/items/0/quantity', '/shippingAddress', '/payment/method', '/coupon'];
      expect(errors?.map(({ pointer }) => pointer)).to.have.members(pointers);
    });
  });

  describe('that cannot be carried out', () => {
    before(async () => {
      await shop.quiet();
      counts = await rowCounts(shop);
    });
    const order = (changes: object) => (): Request => ['POST', path, { ...shop.orderBody(), ...changes }];
    const nobody = '01900000-0000-7000-8000-00000000abcd';
    isRefused(
      'because a price has changed (O-01)',
      [422, 'PRICE_MISMATCH'],
      order({ items: [{ productId: mug.id, quantity: 1, price: { amount: mug.prices.USD - 1, currency: 'USD' } }] }),
      '/items/0/price',
    );
    isRefused(
      'because a price is in another currency',
      [422, 'PRICE_MISMATCH'],
      order({ items: [{ productId: mug.id, quantity: 1, price: { amount: mug.prices.USD, currency: 'EUR' } }] }),
      '/items/0/price',
    );
    isRefused(
      'for a product that is not sold',
      [422, 'UNKNOWN_PRODUCT'],
      order({ items: [{ productId: nobody, quantity: 1 }] }),
    );
    isRefused(
      'by a customer whom nobody knows',
      [422, 'UNKNOWN_CUSTOMER'],
      order({ customerId: nobody }),
      '/customerId',
    );
    isRefused('in a currency without prices', [422, 'UNSUPPORTED_CURRENCY'], order({ currency: 'JPY' }));
    isRefused(
      'to a country without delivery',
      [422, 'UNSUPPORTED_COUNTRY'],
      order({ shippingAddress: { ...portland, country: 'AQ' } }),
    );
    isRefused(
      'for more than a card can pay',
      [422, 'ORDER_TOO_LARGE'],
      order({ items: [{ productId: product('CAM-FULL-24').id, quantity: 1000 }] }),
    );
  });

  describe('at another address', () => {
    before(async () => {
      await shop.quiet();
      counts = await rowCounts(shop);
    });
    const nobody = '01900000-0000-7000-8000-00000000abcd';
    const invalid = [400, 'VALIDATION_ERROR'] as const;
    const missing = [404, 'NOT_FOUND'] as const;
    isRefused('that names no order', missing, () => ['GET', `${path}/${nobody}`]);
    isRefused('to cancel no order', missing, () => ['POST', `${path}/${nobody}/cancel`, {}]);
    isRefused('to pay no order', missing, () => [
      'POST',
      `${path}/${nobody}/payment-method`,
      { payment: card('visa') },
    ]);
    isRefused('to move no parcel', missing, () => ['PUT', `/v1/shipments/${nobody}/status`, { status: 'dispatched' }]);
    isRefused('for no payment', missing, () => ['GET', `/v1/payments/${nobody}`]);
    isRefused('for no notification', missing, () => ['GET', `/v1/notifications/${nobody}`]);
    isRefused('whose id is none', invalid, () => ['GET', `${path}/1`], '/orderId');
    isRefused('whose id is SQL', invalid, () => ['GET', `${path}/1'%20or%20'1'='1`], '/orderId');
    isRefused('whose id has a NUL', invalid, () => ['GET', `${path}/%00`], '/orderId');
    isRefused('with an unknown filter', invalid, () => ['GET', `${path}?sort=price`], '/sort');
    isRefused('with a filter that is none', invalid, () => ['GET', `${path}?status=lost`], '/status');
    isRefused('with a page like a book', invalid, () => ['GET', `${path}?limit=1000`], '/limit');
    isRefused('that does not exist', missing, () => ['GET', '/v1/order']);
    isRefused('in a way that does not exist', [405, 'METHOD_NOT_ALLOWED'], () => ['DELETE', path]);
    it('is refused when it is not even an address', async () => {
      const answer = await shop.request<Problem>('GET', `${path}/%E0%A4%A`);
      expect(answer.status).to.be.oneOf([400, 404]);
      expect(answer.headers.get('content-type')).to.equal('application/problem+json');
    });
  });

  it('takes what looks like an attack for what it is: text', async () => {
    const street = `1'; drop table orders.orders; -- <script>alert(1)</script> {{7*7}} \${jndi:x} %s 🦔`;
    const placed = await shop.place({ shippingAddress: { ...portland, street } }, { prefer: 'wait=30' });
    const order = await shop.orderIn(placed.id, 'fulfilling.booked');
    expect(order.shippingAddress.street).to.equal(street);
    expect(order.billingAddress).to.deep.equal(order.shippingAddress);
  });

  it('finds an order whatever the case of its id', async () => {
    const { id } = await shop.place();
    expect(await shop.do('GET', `${path}/${id.toUpperCase()}`)).to.include({ id });
  });

  itKeepsItsBooks(() => shop);
});
