import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { itKeepsItsBooks } from './books.js';
import { product } from './fixtures.js';
import { type Order, openShop, type Problem, type Shop } from './shop.js';

describe('a request under an idempotency key', function () {
  this.timeout(60_000);
  const mug = product('MUG-STONE-35');
  const path = '/v1/orders';
  let shop: Shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop?.close());

  const post = (key: string, body: object, headers: object = {}) =>
    shop.request<Order & Pick<Problem, 'code'>>('POST', path, body, { 'idempotency-key': key, ...headers });
  const ordersOf = async (id: string) =>
    (await shop.do<{ items: Order[] }>('GET', `${path}?customerId=${id}`)).items.map((order) => order.id);

  it('that comes ten times at once is done once', async () => {
    const key = randomUUID();
    const customerId = await shop.customer();
    const body = shop.orderBody({ customerId });
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(key, body)));
    const accepted = answers.filter(({ status }) => status === 201);
    expect(new Set(accepted.map(({ body: { id } }) => id))).to.have.property('size', 1);
    for (const { status, body: problem, headers } of answers.filter((answer) => answer.status !== 201)) {
      expect([status, problem.code, headers.get('retry-after')]).to.deep.equal([409, 'IDEMPOTENCY_IN_FLIGHT', '1']);
    }
    const [id] = await ordersOf(customerId);
    expect(await ordersOf(customerId)).to.deep.equal([accepted[0]?.body.id]);
    const order = await shop.orderIn(id as string, 'fulfilling.booked');
    expect(shop.charged(order.id)).to.include({ charges: 1, net: order.totalAmount.amount });
  });

  it('is answered the same once more, whatever has happened since', async () => {
    const key = randomUUID();
    const body = shop.orderBody();
    const first = await post(key, body);
    await shop.orderIn(first.body.id, 'fulfilling.booked');
    const second = await post(key, body);
    expect(second.status).to.equal(201);
    expect(second.body).to.deep.equal(first.body);
    expect(second.headers.get('location')).to.equal(first.headers.get('location'));
    expect([first, second].map(({ headers }) => headers.get('idempotency-replayed'))).to.deep.equal([null, 'true']);
  });

  it('is refused with another body', async () => {
    const key = randomUUID();
    const first = await post(key, shop.orderBody());
    const other = shop.orderBody({ items: [{ productId: mug.id, quantity: 2 }] });
    await shop.refused(422, 'IDEMPOTENCY_KEY_REUSED', 'POST', path, other, { 'idempotency-key': key });
    await shop.refused(
      422,
      'IDEMPOTENCY_KEY_REUSED',
      'POST',
      `${path}/${first.body.id}/cancel`,
      {},
      { 'idempotency-key': key },
    );
    expect(await shop.order(first.body.id)).to.deep.include({ items: first.body.items, cancellation: null });
  });

  it('is refused the same once more when it was refused', async () => {
    const key = randomUUID();
    const items = [{ productId: mug.id, quantity: 1, price: { amount: 1, currency: 'USD' } }];
    const [first, second] = [await post(key, shop.orderBody({ items })), await post(key, shop.orderBody({ items }))];
    expect([first.status, first.body.code]).to.deep.equal([422, 'PRICE_MISMATCH']);
    expect(second.status).to.equal(422);
    expect(second.body).to.deep.equal(first.body);
    expect(second.headers.get('content-type')).to.equal('application/problem+json');
  });

  it('is cancelled once, and told so each time', async () => {
    const { id } = await shop.place();
    const headers = { 'idempotency-key': randomUUID() };
    const first = await shop.do<Order>('POST', `${path}/${id}/cancel`, {}, headers);
    expect(first.state).to.equal('cancelled');
    expect(await shop.do('POST', `${path}/${id}/cancel`, {}, headers)).to.deep.equal(first);
    await shop.refused(409, 'CONFLICT_ERROR', 'POST', `${path}/${id}/cancel`, {});
  });

  it('is too much for one customer at the eleventh within an hour (R-26)', async () => {
    const busy = await shop.customer();
    for (let n = 0; n < 10; n++) await shop.place({ customerId: busy });
    const body = shop.orderBody({ customerId: busy });
    const answer = await shop.request<Problem>('POST', path, body);
    expect([answer.status, answer.body.code]).to.deep.equal([429, 'RATE_LIMITED']);
    expect(Number(answer.headers.get('retry-after'))).to.be.within(3500, 3600);
  });

  itKeepsItsBooks(() => shop);
});
