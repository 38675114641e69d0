import { expect } from 'chai';
import { itKeepsItsBooks } from './books.js';
import { card, product } from './fixtures.js';
import { type Order, openShop, type Shop } from './shop.js';

const start = '2031-02-28T23:50:00.000Z';
const minute = 60_000;
const later = (minutes: number) => new Date(Date.parse(start) + minutes * minute).toISOString();

/** The same order twice, for a customer who lives by a test clock and for one who does not: only the first one's time passes. */
describe('an order on a test clock', function () {
  this.timeout(90_000);
  const wait = { prefer: 'wait=30' };
  const cameras = [{ productId: product('CAM-FULL-24').id, quantity: 6 }];
  let shop: Shop;
  before(async () => {
    shop = await openShop({ TEST_CLOCKS: 'on' });
  });
  after(() => shop?.close());

  const placeTwice = async (changes: Parameters<Shop['place']>[0]) => {
    const clock = await shop.clock(start);
    const [order, real] = [
      await shop.place({ ...changes, customerId: await shop.customer(clock) }, wait),
      await shop.place({ ...changes, customerId: await shop.customer() }, wait),
    ];
    await shop.quiet();
    return { clock, order, real: await shop.order(real.id) };
  };
  const untouched = async (order: Order) => expect(await shop.order(order.id)).to.deep.equal(order);
  /** When a message came to an actor of an order's story. */
  const when = async ({ id }: Order, type: string) =>
    (await shop.timeline(id)).filter(({ message }) => message.type === type).map(({ at }) => at);

  it('is charged again every ten minutes, and cancelled after the third refusal (O-14, O-17, R-21)', async () => {
    const { clock, order, real } = await placeTwice({ payment: card('chargeDeclinedInsufficientFunds') });
    expect(order.createdAt).to.equal(start);
    expect((await shop.order(order.id)).payment).to.include({ attempts: 1, nextRetryAt: later(10) });
    await shop.advance(clock, { to: new Date(Date.parse(later(10)) - 1).toISOString() });
    expect((await shop.order(order.id)).payment).to.include({ attempts: 1 });
    await shop.advance(clock, { to: later(10) });
    expect((await shop.order(order.id)).payment).to.include({ attempts: 2, nextRetryAt: later(20) });
    await shop.advance(clock, { by: 'PT10M' });
    const ended = await shop.order(order.id);
    expect(ended.cancellation).to.include({ reason: 'PAYMENT_FAILED', at: later(20) });
    expect(await when(ended, 'ProcessPayment')).to.deep.equal([start, later(10), later(20)]);
    expect(shop.charged(order.id)).to.include({ charges: 0, declines: 3 });
    await untouched(real);
    await shop.cancel(real.id);
  });

  it('loses its stock when the hold has ended (O-17, V-06)', async () => {
    const { clock, order, real } = await placeTwice({ payment: card('chargeDeclinedExpiredCard') });
    expect(order.state).to.equal('confirmed.paymentRetry');
    await shop.advance(clock, { by: 'P1M' });
    expect((await shop.order(order.id)).cancellation).to.include({ at: later(15) });
    expect(await when(order, 'ReservationExpired')).to.deep.equal([later(15)]);
    expect(await shop.reservation(real.id)).to.equal('confirmed.held');
    await untouched(real);
    await shop.cancel(real.id);
  });

  it('can be paid with another card at any time of the clock’s, and the rest of its story is told in that time', async () => {
    const { clock, order, real } = await placeTwice({ payment: card('chargeDeclinedExpiredCard') });
    await shop.advance(clock, { to: later(14) });
    await shop.payWith(order.id, 'visa');
    await shop.advance(clock, { by: 'PT0S' });
    const booked = await shop.order(order.id);
    expect(booked.state).to.equal('fulfilling.booked');
    const times = new Set((await shop.timeline(order.id)).map(({ at }) => at));
    expect([...times]).to.deep.equal([start, later(14)]);
    await untouched(real);
    await shop.cancel(real.id);
  });

  it('is cancelled when nobody has reviewed it within a day of the clock’s (O-13, P-07, R-46)', async () => {
    const { clock, order, real } = await placeTwice({ items: cameras });
    expect(order).to.include({ state: 'confirmed.fraudHold', reviewDueAt: later(24 * 60) });
    await shop.advance(clock, { by: 'P1D' });
    const ended = await shop.order(order.id);
    expect(ended.cancellation).to.include({ reason: 'FRAUD', at: later(24 * 60) });
    const assessment = await shop.do<object>('GET', `/v1/fraud/risk-score/${order.payment?.id}`);
    expect(assessment).to.include({ decidedBy: 'deadline', decidedAt: later(24 * 60) });
    await untouched(real);
    await shop.cancel(real.id);
  });

  it('is reviewed, and charged, at the clock’s time (O-12, P-06)', async () => {
    const { clock, order, real } = await placeTwice({ items: cameras });
    await shop.advance(clock, { to: later(60) });
    const path = `/v1/fraud/override/${order.payment?.id}`;
    const decided = await shop.do<object>('PUT', path, { decision: 'APPROVED', reviewer: 'grace' });
    expect(decided).to.include({ decidedAt: later(60) });
    await shop.advance(clock, { by: 'PT0S' });
    expect((await shop.order(order.id)).state).to.equal('fulfilling.booked');
    expect((await shop.payment(order)).capturedAt).to.equal(later(60));
    await untouched(real);
    await shop.cancel(real.id);
  });

  itKeepsItsBooks(() => shop);
});
