import { expect } from 'chai';
import fc from 'fast-check';
import type { MessageData } from '../../machines/index.js';
import { reservationMachine } from '../../machines/reservation/reservation.machine.js';
import { reservationStatus } from '../../machines/reservation/reservation.view.js';
import { at, given, id, message } from './given.js';

const orderId = id('order');
const paymentId = id('payment');
const customerId = id('customer');
const usd = (amount: number) => ({ amount, currency: 'USD' });
const home = { street: '1 Mill Lane', city: 'Leeds', postalCode: 'LS1 1AA', country: 'GB' };

const item = (name: string, quantity: number) => ({
  productId: id(name),
  sku: name.toUpperCase(),
  productName: name,
  quantity,
  unitPrice: usd(500),
  totalPrice: usd(500 * quantity),
});
const share = (name: string, warehouse: string, quantity: number) => ({
  productId: id(name),
  stockItemId: id(`${name} in ${warehouse}`),
  warehouseId: id(warehouse),
  quantity,
});
const orderItems = [item('mug', 2), item('tea', 1), item('mug', 1)];
const mugsOfLeeds = share('mug', 'leeds', 2);
const mugOfYork = share('mug', 'york', 1);
const teaOfLeeds = share('tea', 'leeds', 1);
const allocations = [mugsOfLeeds, mugOfYork, teaOfLeeds];

const confirmed = () =>
  message('OrderConfirmed', {
    orderId,
    orderNumber: 'FM-1',
    customerId,
    userId: customerId,
    orderItems,
    orderStatus: 'confirmed',
    totalAmount: usd(2000),
    currency: 'USD',
    shippingAddress: home,
    shippingMethod: 'standard',
    confirmationTimestamp: at(),
  });

const cancelled = (when = at()) =>
  message(
    'OrderCancelled',
    {
      orderId,
      orderNumber: 'FM-1',
      customerId,
      userId: customerId,
      orderItems,
      orderStatus: 'cancelled',
      totalAmount: usd(2000),
      cancellationReason: 'CUSTOMER_REQUEST',
      refund: null,
      timestamp: at(),
    },
    when,
  );

const paid = (when = at()) =>
  message(
    'PaymentProcessed',
    {
      paymentId,
      transactionId: id('transaction'),
      orderId,
      subscriptionId: null,
      invoiceId: null,
      customerId,
      userId: customerId,
      amount: usd(2000),
      currency: 'USD',
      paymentMethod: 'CreditCard',
      status: 'confirmed',
      confirmationDetails: { gatewayResponse: 'Approved.', transactionId: 'pi_1' },
      timestamp: at(),
    },
    when,
  );

const dispatched = (warehouse: string) =>
  message('ShipmentDispatched', {
    shipmentId: id(`parcel of ${warehouse}`),
    orderId,
    customerId,
    carrier: 'DHL',
    trackingNumber: 'JD1',
    warehouseId: id(warehouse),
    items: allocations.filter(({ warehouseId }) => warehouseId === id(warehouse)),
    dispatchedAt: at(),
  });

const allocated = (when = at()) => message('StockAllocated', { orderId, allocations }, when);
const insufficient = () =>
  message('StockInsufficient', { orderId, shortages: [{ productId: id('tea'), requested: 1, available: 0 }] });
const extend = (cause: MessageData<'ExtendHold'>['cause'], untilMinute: number, when = at()) =>
  message('ExtendHold', { orderId, until: at(untilMinute), cause }, when);

const pending = () => given(reservationMachine, confirmed());
const held = () => pending().when(allocated());
const committed = () => held().when(paid());
const expired = () => held().whenTimerFires();
const reallocating = () => expired().when(paid(at(16)));

const released = (reason: MessageData<'ReleaseStock'>['reason'], what = allocations) => ({
  orderId,
  allocations: what,
  reason,
});

describe('the reservation machine', () => {
  describe('when pending', () => {
    it('asks for every line of the order, added up by product (V-01)', () => {
      const reservation = pending();
      expect(reservation.state).to.equal('pending');
      expect(reservation.sent('AllocateStock')).to.deep.equal([
        {
          orderId,
          destination: home,
          lines: [
            { productId: id('mug'), quantity: 3 },
            { productId: id('tea'), quantity: 1 },
          ],
        },
      ]);
    });

    it('holds what was allocated for 15 minutes (V-02, R-10)', () => {
      const reservation = held();
      expect(reservation.state).to.equal('confirmed.held');
      expect(reservation.emitted).to.be.empty;
      expect(reservation.context).to.deep.include({ allocations, expiresAt: at(15) });
      expect(reservation.timers.map((timer) => timer.dueAt)).to.deep.equal([at(15)]);
    });

    it('is cancelled when a line is short (V-03)', () => {
      expect(pending().when(insufficient())).to.deep.include({ state: 'cancelled', emitted: [] });
    });

    it('keeps a cancellation until the answer is there, then gives everything back (V-07)', () => {
      const waiting = pending().when(cancelled());
      expect(waiting).to.deep.include({ state: 'pending', ignored: [] });
      const over = waiting.when(allocated());
      expect(over.state).to.equal('cancelled');
      expect(over.sent('ReleaseStock')).to.deep.equal([released('reservation_released')]);
      expect(over.timers).to.be.empty;
      expect(waiting.when(insufficient())).to.deep.include({ state: 'cancelled', emitted: [] });
    });

    it('is not made twice (V-01)', () => {
      expect(pending().when(confirmed() as never)).to.deep.include({ emitted: [], ignored: ['OrderConfirmed'] });
    });
  });

  describe('when held', () => {
    it('is held longer for a payment retry, up to 30 minutes in all (V-04, R-11)', () => {
      const longer = held().when(extend('paymentRetry', 25));
      expect(longer.state).to.equal('confirmed.held');
      expect(longer.timers.map((timer) => timer.dueAt)).to.deep.equal([at(25)]);
      const longest = longer.when(extend('paymentRetry', 45));
      expect(longest.timers.map((timer) => timer.dueAt)).to.deep.equal([at(30)]);
      expect(longest.when(extend('paymentRetry', 50)).ignored).to.deep.equal(['ExtendHold']);
    });

    it('is held for a fraud review to its deadline, and no shorter afterwards (V-04, R-12)', () => {
      const reviewed = held().when(extend('fraudReview', 24 * 60));
      expect(reviewed.timers.map((timer) => timer.dueAt)).to.deep.equal([at(24 * 60)]);
      const retried = reviewed.when(extend('paymentRetry', 40, at(20)));
      expect(retried.ignored).to.deep.equal(['ExtendHold']);
      expect(retried.timers.map((timer) => timer.dueAt)).to.deep.equal([at(24 * 60)]);
    });

    it('is never held shorter (V-04)', () => {
      const reservation = held().when(extend('paymentRetry', 10));
      expect(reservation).to.deep.include({ ignored: ['ExtendHold'] });
      expect(reservation.context.expiresAt).to.equal(at(15));
    });

    it('is committed by the payment and tells it what was sold (V-05)', () => {
      const reservation = committed();
      expect(reservation.state).to.equal('confirmed.committed');
      expect(reservation.sentTypes).to.deep.equal(['CommitStock', 'StockCommitted']);
      expect(reservation.sent('CommitStock')).to.deep.equal([{ orderId, allocations }]);
      expect(reservation.sent('StockCommitted')).to.deep.equal([{ orderId, paymentId, allocations }]);
      expect(reservation.timers).to.be.empty;
      expect(reservation.context.expiresAt).to.equal(null);
    });

    it('gives everything back when the hold ends unpaid (V-06)', () => {
      const reservation = expired();
      expect(reservation.state).to.equal('expired.released');
      expect(reservation.sent('ReleaseStock')).to.deep.equal([released('reservation_expired')]);
      expect(reservation.sent('ReservationExpired')).to.deep.equal([{ orderId, expiredAt: at(15) }]);
    });

    it('gives everything back when the order is cancelled (V-07)', () => {
      const reservation = held().when(cancelled());
      expect(reservation.state).to.equal('cancelled');
      expect(reservation.sent('ReleaseStock')).to.deep.equal([released('reservation_released')]);
      expect(reservation.timers).to.be.empty;
    });

    it('ignores answers that it did not ask for, and parcels that it did not pay', () => {
      const reservation = held().when(allocated(), insufficient(), dispatched('leeds'));
      expect(reservation).to.deep.include({ state: 'confirmed.held', emitted: [] });
      expect(reservation.ignored).to.deep.equal(['StockAllocated', 'StockInsufficient', 'ShipmentDispatched']);
    });
  });

  describe('when committed', () => {
    it('takes a parcel’s stock off the shelf, and is fulfilled with the last (V-08)', () => {
      const first = committed().when(dispatched('leeds'));
      expect(first.state).to.equal('confirmed.committed');
      expect(first.sent('ShipStock')).to.deep.equal([{ orderId, allocations: [mugsOfLeeds, teaOfLeeds] }]);
      const last = first.when(dispatched('york'));
      expect(last.state).to.equal('fulfilled');
      expect(last.sent('ShipStock')).to.deep.equal([{ orderId, allocations: [mugOfYork] }]);
    });

    it('ships each parcel once (V-08)', () => {
      const again = committed().when(dispatched('leeds')).when(dispatched('leeds'), dispatched('nowhere'));
      expect(again).to.deep.include({ state: 'confirmed.committed', emitted: [] });
      expect(again.ignored).to.deep.equal(['ShipmentDispatched', 'ShipmentDispatched']);
    });

    it('gives back what has not been shipped when the order is cancelled (V-07, V-08)', () => {
      expect(committed().when(cancelled()).sent('ReleaseStock')).to.deep.equal([released('reservation_released')]);
      const partly = committed().when(dispatched('leeds')).when(cancelled());
      expect(partly.state).to.equal('cancelled');
      expect(partly.sent('ReleaseStock')).to.deep.equal([released('reservation_released', [mugOfYork])]);
    });

    it('ignores a second payment and any extension (V-05)', () => {
      const reservation = committed().when(paid(), extend('fraudReview', 60));
      expect(reservation).to.deep.include({ emitted: [], ignored: ['PaymentProcessed', 'ExtendHold'] });
    });
  });

  describe('when expired', () => {
    it('asks for the stock again when the payment comes late (G-26)', () => {
      const reservation = reallocating();
      expect(reservation.state).to.equal('expired.reallocating');
      expect(reservation.sent('AllocateStock')).to.deep.equal(pending().sent('AllocateStock'));
    });

    it('commits what it gets (G-26)', () => {
      const elsewhere = [share('mug', 'york', 3), teaOfLeeds];
      const reservation = reallocating().when(message('StockAllocated', { orderId, allocations: elsewhere }, at(16)));
      expect(reservation.state).to.equal('confirmed.committed');
      expect(reservation.sent('CommitStock')).to.deep.equal([{ orderId, allocations: elsewhere }]);
      expect(reservation.sent('StockCommitted')).to.deep.equal([{ orderId, paymentId, allocations: elsewhere }]);
      expect(reservation.timers).to.be.empty;
    });

    it('stays expired when the stock is gone, and asks no more (G-26)', () => {
      const reservation = reallocating().when(insufficient());
      expect(reservation).to.deep.include({ state: 'expired.released', emitted: [] });
      expect(reservation.when(paid())).to.deep.include({ emitted: [], ignored: ['PaymentProcessed'] });
      expect(reservation.when(cancelled())).to.deep.include({ state: 'cancelled', emitted: [] });
    });

    it('keeps a cancellation until the answer is there (G-26, V-07)', () => {
      const waiting = reallocating().when(cancelled());
      expect(waiting).to.deep.include({ state: 'expired.reallocating', ignored: [] });
      const over = waiting.when(allocated());
      expect(over.state).to.equal('cancelled');
      expect(over.sentTypes).to.deep.equal(['CommitStock', 'StockCommitted', 'ReleaseStock']);
      expect(waiting.when(insufficient())).to.deep.include({ state: 'cancelled', emitted: [] });
    });

    it('is cancelled with its order, and then ignores the payment (G-26)', () => {
      const reservation = expired().when(cancelled());
      expect(reservation).to.deep.include({ state: 'cancelled', emitted: [] });
      expect(reservation.when(paid())).to.deep.include({ emitted: [], ignored: ['PaymentProcessed'] });
    });
  });

  for (const [state, end] of Object.entries({
    cancelled: () => held().when(cancelled()),
    fulfilled: () => committed().when(dispatched('leeds'), dispatched('york')),
  })) {
    it(`takes nothing more when ${state}`, () => {
      const over = end().when(
        allocated(),
        insufficient(),
        paid(),
        cancelled(),
        dispatched('york'),
        extend('fraudReview', 60),
      );
      expect(over.state).to.equal(state);
      expect(over.emitted).to.be.empty;
      expect(over.ignored).to.have.length(6);
    });
  }

  it('gives back or ships every unit it was given exactly once, whatever happens', () => {
    const steps = fc.constantFrom(
      'allocated',
      'insufficient',
      'paid',
      'cancelled',
      'leeds',
      'york',
      'retry',
      'review',
      'timer',
    );
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 16 }), (story) => {
        let reservation = pending();
        let open = 0;
        const units = (sent: readonly { allocations: readonly { quantity: number }[] }[]) =>
          sent.flatMap((one) => one.allocations).reduce((sum, { quantity }) => sum + quantity, 0);
        for (const step of story) {
          const before = reservation.state;
          if (step === 'timer' && reservation.timers.length === 0) continue;
          if (step === 'timer') reservation = reservation.whenTimerFires();
          else if (step === 'allocated') reservation = reservation.when(allocated());
          else if (step === 'insufficient') reservation = reservation.when(insufficient());
          else if (step === 'paid') reservation = reservation.when(paid());
          else if (step === 'cancelled') reservation = reservation.when(cancelled());
          else if (step === 'retry') reservation = reservation.when(extend('paymentRetry', 25));
          else if (step === 'review') reservation = reservation.when(extend('fraudReview', 600));
          else reservation = reservation.when(dispatched(step));
          const answered = step === 'allocated' && ['pending', 'expired.reallocating'].includes(before);
          open += answered ? 4 : 0;
          open -= units(reservation.sent('ReleaseStock')) + units(reservation.sent('ShipStock'));
          expect(open).to.be.within(0, 4);
          if (['cancelled', 'fulfilled', 'expired.released'].includes(reservation.state)) expect(open).to.equal(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('calls its states as the Reservation entity does', () => {
    const states = ['pending', 'confirmed.held', 'confirmed.committed', 'fulfilled', 'cancelled', 'expired.released'];
    expect(states.map(reservationStatus)).to.deep.equal([
      'PENDING',
      'CONFIRMED',
      'CONFIRMED',
      'FULFILLED',
      'CANCELLED',
      'EXPIRED',
    ]);
  });
});
