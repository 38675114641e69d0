import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { itKeepsItsBooks } from './books.js';
import { card, product } from './fixtures.js';
import { type Order, openShop, type Shop } from './shop.js';

describe('the stock that is held for an order', function () {
  this.timeout(60_000);
  // Sold out, so that what a test puts on the shelf is all there is.
  const record = product('VNL-LIM-77');
  const oneRecord = [{ productId: record.id, quantity: 1 }];
  let shop: Shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop?.close());
  beforeEach(async () => {
    shop.sandbox.clearFaults();
    const { reserved } = await shop.stock(record.id);
    await shop.count(record.id, reserved + 1);
  });

  const available = async () => {
    const { onHand, reserved } = await shop.stock(record.id);
    return onHand - reserved;
  };
  const wait = { prefer: 'wait=30' };

  it('goes back when the customer chooses no other method in time (O-17, V-06)', async () => {
    const order = await shop.place({ items: oneRecord, payment: card('chargeDeclinedExpiredCard') }, wait);
    expect(order.state).to.equal('confirmed.paymentRetry');
    expect(await available()).to.equal(0);
    await shop.endHold(order);
    const ended = await shop.orderIn(order.id, 'cancelled');
    expect(ended.cancellation?.reason).to.equal('PAYMENT_FAILED');
    expect(await available()).to.equal(1);
    expect(await shop.movements(order.id)).to.deep.equal([
      ['order_reserved', 0, 1],
      ['reservation_expired', 0, -1],
    ]);
    await shop.hears(order.id, 'order_cancelled');
    await shop.refused(409, 'CONFLICT_ERROR', 'POST', `/v1/orders/${order.id}/payment-method`, {
      payment: card('visa'),
    });
  });

  it('goes back when it ends between two charges, and no other charge is made (O-17, P-18)', async () => {
    const order = await shop.place({ items: oneRecord, payment: card('chargeDeclinedInsufficientFunds') }, wait);
    await shop.endHold(order);
    await shop.orderIn(order.id, 'cancelled');
    await shop.attempts(order.id, 1, 'cancelled');
    expect(await available()).to.equal(1);
    expect(shop.charged(order.id)).to.deep.equal({ charges: 0, refunds: 0, net: 0, declines: 1 });
  });

  /** An order whose hold ends while its charge is under way. */
  async function chargedTooLate(): Promise<Order> {
    shop.suspendCharges('visa_debit');
    const { id } = await shop.place({ items: oneRecord, payment: card('visa_debit') });
    const order = await shop.attempts(id, 1, 'authorizing');
    await shop.endHold(order);
    expect(await available()).to.equal(1);
    return order;
  }

  describe('when it ends while the charge is under way (G-26)', () => {
    it('is taken again once the money is there', async () => {
      const { id, totalAmount } = await chargedTooLate();
      shop.sandbox.clearFaults();
      const order = await shop.orderIn(id, 'fulfilling.booked');
      expect(order.shipments).to.have.length(1);
      expect(await available()).to.equal(0);
      expect(await shop.movements(id)).to.deep.equal([
        ['order_reserved', 0, 1],
        ['reservation_expired', 0, -1],
        ['order_reserved', 0, 1],
        ['reservation_committed', 0, 0],
      ]);
      expect(shop.charged(id)).to.deep.equal({ charges: 1, refunds: 0, net: totalAmount.amount, declines: 0 });
    });

    it('and somebody else has taken it, the order is cancelled and the money goes back', async () => {
      const { id } = await chargedTooLate();
      const other = await shop.place({ items: oneRecord }, wait);
      await shop.orderIn(other.id, 'fulfilling.booked');
      shop.sandbox.clearFaults();
      const order = await shop.orderIn(id, 'cancelled');
      expect(order.cancellation?.reason).to.equal('OUT_OF_STOCK');
      await shop.attempts(id, 1, 'refunded');
      expect(shop.charged(id)).to.deep.equal({ charges: 1, refunds: 1, net: 0, declines: 0 });
      expect(await shop.movements(id)).to.deep.equal([
        ['order_reserved', 0, 1],
        ['reservation_expired', 0, -1],
      ]);
      await shop.hears(id, 'refund');
      expect(await shop.told(id)).to.include('order_cancelled');
    });

    it('and the charge fails, the order is cancelled at once (O-17)', async () => {
      shop.suspendCharges('chargeDeclined');
      const { id } = await shop.place({ items: oneRecord, payment: card('chargeDeclined') });
      const order = await shop.attempts(id, 1, 'authorizing');
      await shop.endHold(order);
      shop.sandbox.clearFaults();
      const ended = await shop.orderIn(id, 'cancelled');
      expect(ended.cancellation?.reason).to.equal('PAYMENT_FAILED');
      await eventually('the payment is stopped', async () => (await shop.payment(order)).state === 'cancelled');
      expect(shop.charged(id)).to.deep.equal({ charges: 0, refunds: 0, net: 0, declines: 1 });
      expect(await available()).to.equal(1);
    });
  });

  itKeepsItsBooks(() => shop);
});
