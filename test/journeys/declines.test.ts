import { expect } from 'chai';
import { sql } from 'kysely';
import { eventually } from '../support/eventually.js';
import { itKeepsItsBooks } from './books.js';
import { card, product } from './fixtures.js';
import { type Order, openShop, type Shop } from './shop.js';

describe('an order whose card is refused', function () {
  this.timeout(60_000);
  const mug = product('MUG-STONE-35');
  let shop: Shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop?.close());

  const pay = (name: string) => shop.place({ payment: card(name) }, { prefer: 'wait=30' });
  const cancelledFor = (order: Order) => [order.state, order.status, order.cancellation?.reason];

  describe('for lack of funds', () => {
    let order: Order;
    before(async () => {
      order = await pay('chargeDeclinedInsufficientFunds');
    });

    it('waits ten minutes for the next charge, and the stock waits with it (O-14, P-10, V-04)', async () => {
      expect(order.state).to.equal('confirmed.paymentRetry');
      expect(order.payment).to.include({ state: 'retryWait', attempts: 1, failureReason: 'insufficient_funds' });
      const { rows } = await sql<{ due_at: Date; armed_at: Date }>`
        select t.due_at, p.updated_at as armed_at from payments.payments p
        join runtime.timers t on t.actor_id = p.id and t.name like '%.retryDelay.%'
        where p.order_id = ${order.id}`.execute(shop.db);
      const [timer] = rows;
      expect(timer?.due_at.getTime()).to.equal((timer?.armed_at.getTime() ?? 0) + 600_000);
      expect(order.payment?.nextRetryAt).to.equal(timer?.due_at.toISOString());
      await eventually('the stock is held for five minutes more than that', async () => {
        const { rows: holds } = await sql<{ expires_at: string }>`
          select expires_at from inventory.reservations where id = ${order.id}`.execute(shop.db);
        return Date.parse(holds[0]?.expires_at ?? '') === (timer?.due_at.getTime() ?? 0) + 300_000;
      });
      await shop.hears(order.id, 'payment_failed');
    });

    it('fails again when the timer fires (O-15, P-14)', async () => {
      await shop.retry(order);
      order = await shop.attempts(order.id, 2, 'retryWait');
      expect(await shop.orderIn(order.id, 'confirmed.paymentRetry')).to.deep.include({ cancellation: null });
      expect(shop.charged(order.id)).to.deep.equal({ charges: 0, refunds: 0, net: 0, declines: 2 });
    });

    it('is charged once with another method, at once (O-15)', async () => {
      await shop.payWith(order.id, 'visa');
      order = await shop.orderIn(order.id, 'fulfilling.booked');
      expect(order.payment).to.include({ status: 'completed', attempts: 3, failureReason: null });
      expect(shop.charged(order.id)).to.deep.equal({
        charges: 1,
        refunds: 0,
        net: order.totalAmount.amount,
        declines: 2,
      });
    });

    it('cannot change the method once it is paid', async () => {
      const path = `/v1/orders/${order.id}/payment-method`;
      const problem = await shop.refused(409, 'CONFLICT_ERROR', 'POST', path, { payment: card('visa') });
      expect(problem).to.deep.include({ currentState: 'fulfilling.booked' });
      expect(problem.allowedEvents).to.include('CancelOrder').and.not.to.include('ChangePaymentMethod');
    });
  });

  it('cannot change the method while a charge is under way', async () => {
    shop.suspendCharges('amex');
    const placed = await shop.place({ payment: card('amex') });
    const { id } = await shop.attempts(placed.id, 1, 'authorizing');
    const path = `/v1/orders/${id}/payment-method`;
    const problem = await shop.refused(409, 'CONFLICT_ERROR', 'POST', path, { payment: card('visa') });
    expect(problem).to.include({ currentState: 'confirmed.awaitingPayment' });
    shop.sandbox.clearFaults();
    await shop.orderIn(id, 'fulfilling.booked');
    expect(shop.charged(id)).to.include({ charges: 1 });
  });

  it('is cancelled after three charges, and its stock goes back (O-17, P-11, V-07)', async () => {
    const { reserved } = await shop.stock(mug.id);
    let order = await pay('chargeDeclined');
    expect(order.payment).to.include({ failureReason: 'card_declined' });
    expect((await shop.stock(mug.id)).reserved).to.equal(reserved + 1);
    await shop.retry(order);
    order = await shop.attempts(order.id, 2, 'retryWait');
    await shop.retry(order);
    order = await shop.orderIn(order.id, 'cancelled');
    expect(cancelledFor(order)).to.deep.equal(['cancelled', 'cancelled', 'PAYMENT_FAILED']);
    expect(order.payment).to.include({ state: 'failed', attempts: 3, nextRetryAt: null });
    await shop.hears(order.id, 'order_cancelled');
    expect(await shop.movements(order.id)).to.deep.equal([
      ['order_reserved', 0, 1],
      ['reservation_released', 0, -1],
    ]);
    expect((await shop.stock(mug.id)).reserved).to.equal(reserved);
    expect(shop.charged(order.id)).to.deep.equal({ charges: 0, refunds: 0, net: 0, declines: 3 });
  });

  for (const name of [
    'chargeDeclinedExpiredCard',
    'chargeDeclinedIncorrectCvc',
    'authenticationRequired',
    'nobodyKnows',
  ]) {
    it(`asks for another method when ${name} will never pass, and charges that one (O-16)`, async () => {
      const order = await pay(name);
      expect(order.state).to.equal('confirmed.paymentRetry');
      expect(order.payment).to.include({ state: 'failed', attempts: 1, nextRetryAt: null });
      await shop.payWith(order.id, 'mastercard');
      const paid = await shop.orderIn(order.id, 'fulfilling.booked');
      expect(paid.payment?.id).to.not.equal(order.payment?.id);
      expect(await shop.payment(order)).to.deep.include({ state: 'failed', attempts: 1 });
      expect(shop.charged(order.id)).to.include({ charges: 1, net: order.totalAmount.amount });
    });
  }

  for (const name of ['chargeDeclinedStolenCard', 'chargeDeclinedLostCard', 'chargeDeclinedFraudulent', 'radarBlock']) {
    it(`is cancelled for fraud when the bank says ${name} (O-17)`, async () => {
      const order = await pay(name);
      expect(cancelledFor(order)).to.deep.equal(['cancelled', 'cancelled', 'FRAUD']);
      expect(order.payment).to.include({ state: 'failed', attempts: 1, failureReason: 'fraud_suspected' });
      expect(shop.charged(order.id)).to.include({ charges: 0, declines: 1 });
    });
  }

  it('has three charges in all, whatever the number of methods (R-20)', async () => {
    let order = await pay('chargeDeclinedExpiredCard');
    await shop.payWith(order.id, 'chargeDeclined');
    order = await shop.attempts(order.id, 1, 'retryWait');
    await shop.retry(order);
    order = await shop.orderIn(order.id, 'cancelled');
    expect(order.cancellation?.reason).to.equal('PAYMENT_FAILED');
    expect(shop.charged(order.id)).to.deep.equal({ charges: 0, refunds: 0, net: 0, declines: 3 });
  });

  itKeepsItsBooks(() => shop);
});
