import { expect } from 'chai';
import fc from 'fast-check';
import { type FlowmartReceived, messages } from '../../machines/index.js';
import { orderMachine } from '../../machines/order/order.machine.js';
import { MAX_ATTEMPTS } from '../../machines/order/order.rules.js';
import { at, given, id } from './given.js';
import {
  cancel,
  changeMethod,
  complete,
  customerId,
  decided,
  expired,
  failed,
  lamp,
  mug,
  orderId,
  parcel,
  pier,
  placed,
  processed,
  reno,
  reserved,
  review,
  shortage,
  total,
  usd,
  york,
} from './orderMessages.js';
import {
  awaitingPayment,
  awaitingShipment,
  booked,
  cancellationOf,
  deadMethod,
  first,
  fraudHold,
  fromOne,
  needsMethod,
  type Order,
  type OrderEvent,
  one,
  paid,
  paymentOf,
  reserving,
  retrying,
  shipped,
  told,
  twoParcels,
} from './orderScenes.js';

const line = (productId: string, quantity: number, unitPrice: number, totalPrice: number) => ({
  productId,
  sku: 'SKU',
  productName: 'Product',
  quantity,
  unitPrice: usd(unitPrice),
  totalPrice: usd(totalPrice),
});
const mugs = (totalPrice: number) => line(mug, 2, 4999, totalPrice);
const lamps = (totalPrice: number) => line(lamp, 1, 2999, totalPrice);

describe('the order machine', () => {
  describe('when placed', () => {
    it('announces the order, confirms it, and waits for its stock (O-02, O-03)', () => {
      const order = reserving();
      expect(order.state).to.equal('confirmed.reserving');
      expect(order.sentTypes).to.deep.equal(['OrderPlaced', 'OrderConfirmed']);
      expect(order.sent('OrderConfirmed')[0]).to.include({ orderId, userId: customerId, currency: 'USD' });
      expect(order.sent('OrderPlaced')[0]).to.deep.include({ orderStatus: 'pending', totalAmount: total });
    });

    const broken: [string, Parameters<typeof placed>[0]][] = [
      ['the total is not the sum of its parts', { totalAmount: usd(13_496) }],
      ['the lines do not make the subtotal', { subtotal: usd(12_996), totalAmount: usd(13_496) }],
      ['a line is not its price times its quantity', { items: [mugs(9997), lamps(3000)] }],
      ['the parts are in different currencies', { tax: { amount: 500, currency: 'EUR' } }],
      ['nothing is to be paid', { discount: usd(13_997), totalAmount: usd(0) }],
    ];
    for (const [problem, change] of broken) {
      it(`cancels an order that breaks the policy: ${problem} (O-03)`, () => {
        const order = given(orderMachine, placed(change));
        expect(order.state).to.equal('cancelled');
        expect(order.sentTypes).to.deep.equal(['OrderPlaced', 'OrderCancelled']);
        expect(cancellationOf(order)).to.include({ cancellationReason: 'SYSTEM', refund: null });
        expect(order.context.alerts).to.deep.equal(['policyRefused']);
      });
    }

    it('keeps the subscription it belongs to in what it tells others', () => {
      const subscriptionId = id('subscription');
      const order = given(orderMachine, placed({ subscriptionId }));
      expect(order.sent('OrderConfirmed')[0]).to.include({ subscriptionId });
      const opened = order.when(reserved(mug, 2), reserved(lamp, 1));
      expect(opened.sent('OpenPayment')[0]).to.include({ subscriptionId });
    });
  });

  describe('when reserving', () => {
    it('marks an alert once when no answer comes within a minute, and goes on waiting (O-03)', () => {
      expect(reserving().timers).to.deep.equal([
        { id: 'xstate.after.reservationWatch.order.confirmed.reserving', dueAt: at(1) },
      ]);
      const late = reserving().whenTimerFires();
      expect(late.state).to.equal('confirmed.reserving');
      expect(late.context.alerts).to.deep.equal(['reservationSlow']);
      expect(late.emitted).to.be.empty;
      expect(late.when(reserved(mug, 2), reserved(lamp, 1)).state).to.equal('confirmed.awaitingPayment');
    });

    it('waits while a line is missing', () => {
      const order = reserving().when(reserved(mug, 2));
      expect(order.state).to.equal('confirmed.reserving');
      expect(order.emitted).to.be.empty;
      expect(order.timers).to.have.lengthOf(1);
    });

    it('opens the payment once every line is held, even from several warehouses (O-04)', () => {
      const order = reserving().when(reserved(mug, 1, reno), reserved(lamp, 1, york), reserved(mug, 1, york));
      expect(order.state).to.equal('confirmed.awaitingPayment');
      expect(order.timers).to.be.empty;
      expect(order.context.allocations).to.deep.equal([one(mug, reno), one(lamp, york), one(mug, york)]);
      expect(order.emitted).to.deep.equal([
        {
          type: 'OpenPayment',
          data: {
            paymentId: paymentOf(order),
            orderId,
            subscriptionId: null,
            invoiceId: null,
            customerId,
            amount: total,
            paymentMethod: { type: 'card', token: 'pm_card_visa' },
            profile: 'order',
            risk: {
              ipAddress: '192.0.2.1',
              previousOrders: 3,
              customerSince: at(-100_000),
              shippingAddress: pier,
              billingAddress: pier,
            },
            captureImmediately: true,
          },
        },
      ]);
    });

    it('counts a movement that is told twice once', () => {
      const half = reserved(mug, 1);
      const order = reserving().when(half, half, reserved(lamp, 1));
      expect(order.state).to.equal('confirmed.reserving');
      expect(order.ignored).to.deep.equal(['InventoryAdjusted']);
    });

    it('adds up the lines of one product', () => {
      const single = line(mug, 1, 100, 100);
      const zero = usd(0);
      const order = given(
        orderMachine,
        placed({
          items: [single, single],
          subtotal: usd(200),
          discount: zero,
          tax: zero,
          shipping: zero,
          totalAmount: usd(200),
        }),
      );
      expect(order.when(reserved(mug, 1)).state).to.equal('confirmed.reserving');
      expect(order.when(reserved(mug, 2)).state).to.equal('confirmed.awaitingPayment');
    });

    it('cancels the order when its stock is not there (O-07)', () => {
      const order = reserving().when(shortage());
      expect(order.state).to.equal('cancelled');
      expect(order.sentTypes).to.deep.equal(['OrderCancelled']);
      expect(cancellationOf(order)).to.include({ cancellationReason: 'OUT_OF_STOCK', refund: null });
    });
  });

  describe('when asked to cancel', () => {
    const cases: [string, () => Order, readonly string[]][] = [
      ['reserving', reserving, ['OrderCancelled']],
      ['awaitingPayment', awaitingPayment, ['OrderCancelled', 'CancelPayment']],
      ['fraudHold', fraudHold, ['OrderCancelled', 'CancelPayment']],
      ['paymentRetry for a charge', retrying, ['OrderCancelled', 'CancelPayment']],
      ['paymentRetry for another method', needsMethod, ['OrderCancelled']],
      ['paid', paid, ['OrderCancelled', 'RefundPayment']],
      [
        'fulfilling.awaitingShipment',
        twoParcels,
        ['OrderCancelled', 'RefundPayment', 'CancelShipment', 'CancelShipment'],
      ],
      ['fulfilling.booked', booked, ['OrderCancelled', 'RefundPayment', 'CancelShipment']],
      [
        'fulfilling.manual',
        () => awaitingShipment().when(first(awaitingShipment()).byHand()),
        ['OrderCancelled', 'RefundPayment', 'CancelShipment'],
      ],
    ];

    for (const [state, start, sent] of cases) {
      it(`is cancelled from ${state} (O-30)`, () => {
        const order = start().when(cancel({ note: 'Changed my mind.' }));
        expect(order.state).to.equal('cancelled');
        expect(order.sentTypes).to.deep.equal(sent);
        expect(cancellationOf(order)).to.include({
          cancellationReason: 'CUSTOMER_REQUEST',
          cancellationNote: 'Changed my mind.',
        });
        expect(order.timers).to.be.empty;
      });
    }

    it('sends all captured money back within five days (O-30, R-33)', () => {
      const order = paid().when(cancel());
      const [refund] = order.sent('RefundPayment');
      expect(refund).to.deep.include({ paymentId: paymentOf(order), amount: total, requestedBy: 'customer' });
      expect(cancellationOf(order)?.refund).to.deep.equal({
        amount: total,
        method: 'original_payment_method',
        estimatedProcessingDays: 5,
      });
      expect(order.context.payment).to.include({ state: 'refunding' });
    });

    it('stays as it is once a parcel has left, or the order is over (O-31)', () => {
      for (const order of [shipped(), shipped().when(first(booked()).delivered()), reserving().when(shortage())]) {
        const asked = order.when(cancel());
        expect(asked.ignored).to.deep.equal(['CancelOrder']);
        expect(asked.state).to.equal(order.state);
        expect(asked.emitted).to.be.empty;
      }
    });
  });

  describe('when cancelled', () => {
    it('sends back a payment that comes late, once (O-34)', () => {
      const order = told(retrying().when(expired()), processed);
      expect(order.state).to.equal('cancelled');
      expect(order.sentTypes).to.deep.equal(['RefundPayment']);
      expect(order.sent('RefundPayment')[0]).to.deep.include({ paymentId: paymentOf(order), amount: total });
      expect(order.context.alerts).to.deep.equal(['unexpectedPaymentRefunded']);
      expect(told(order, processed).ignored).to.deep.equal(['PaymentProcessed']);
    });

    it('does not send back twice what its cancellation sent back (O-34)', () => {
      const order = told(paid().when(cancel()), processed);
      expect(order.emitted).to.be.empty;
      expect(order.ignored).to.deep.equal(['PaymentProcessed']);
    });

    it('marks an alert when a parcel had already left (O-30)', () => {
      const order = booked().when(cancel(), first(booked()).dispatched());
      expect(order.state).to.equal('cancelled');
      expect(order.context.alerts).to.deep.equal(['dispatchedAfterCancellation']);
    });

    it('ignores everything else', () => {
      const over = retrying().when(expired());
      const pid = paymentOf(over);
      const rest = [
        failed(pid),
        review(pid),
        decided(pid, 'APPROVED'),
        complete(pid, []),
        reserved(mug, 1),
        changeMethod(),
      ];
      const order = over.when(...rest, shortage(), expired(), first(booked()).created());
      expect(order.ignored).to.have.lengthOf(9);
    });
  });

  it('sends back the money of a payment it does not collect by, in every state, once (O-34)', () => {
    const stray = id('stray payment');
    const scenes = [
      reserving(),
      awaitingPayment(),
      fraudHold(),
      retrying(),
      paid(),
      booked(),
      reserving().when(shortage()),
    ];
    for (const scene of scenes) {
      const order = scene.when(processed(stray, usd(700)));
      expect(order.state).to.equal(scene.state);
      expect(order.sent('RefundPayment').map(({ paymentId, amount }) => [paymentId, amount])).to.deep.equal([
        [stray, usd(700)],
      ]);
      expect(order.context.alerts).to.include('unexpectedPaymentRefunded');
      expect(order.when(processed(stray, usd(700))).sent('RefundPayment')).to.be.empty;
    }
  });

  it('gives back or keeps every captured unit, in any order of events', () => {
    const pid = paymentOf(awaitingPayment());
    const parcelIds = Object.keys(awaitingShipment().context.shipments);
    const events: (() => OrderEvent)[] = [
      () => failed(pid, { nextRetryAt: at(11) }),
      () => failed(pid, { attemptNumber: 2, nextRetryAt: at(21) }),
      () => failed(pid, { attemptNumber: 3, canRetry: false }),
      () => failed(pid, deadMethod),
      () => processed(pid),
      () => processed(id('stray payment'), usd(700)),
      () => complete(pid, fromOne),
      () => review(pid),
      () => decided(pid, 'APPROVED'),
      () => decided(pid, 'DECLINED'),
      () => shortage(),
      () => expired(),
      () => changeMethod(),
      () => cancel(),
      ...parcelIds.flatMap((shipmentId) => {
        const news = parcel(shipmentId);
        return [news.created, news.byHand, news.dispatched, news.inTransit, news.undelivered, news.delivered];
      }),
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 25 }), (story) => {
        const events = story.map((make) => make());
        let order = awaitingPayment();
        const sent = events.flatMap((event) => {
          order = order.when(event);
          return [...order.emitted];
        });
        const took = new Set(
          events
            .filter((event): event is FlowmartReceived<'PaymentProcessed'> => event.type === 'PaymentProcessed')
            .filter((event) => !order.deferred.some(({ id: waiting }) => waiting === event.id))
            .map((event) => event.data.paymentId),
        );
        const refunded = sent.flatMap((out) => (out.type === 'RefundPayment' ? [out.data.paymentId] : []));
        const keeps = order.context.payment?.state === 'captured' ? [order.context.payment.paymentId] : [];
        expect([...refunded, ...keeps].sort()).to.deep.equal([...took].sort());
        const isOver = order.state === 'cancelled';
        expect(sent.filter(({ type }) => type === 'OrderCancelled')).to.have.lengthOf(isOver ? 1 : 0);
        if (isOver) expect(order.context.payment?.state).not.to.be.oneOf(['open', 'retrying', 'captured']);
        const { attemptsBefore = 0, failure } = order.context.payment ?? {};
        expect(attemptsBefore + (failure?.attemptNumber ?? 0)).to.be.at.most(MAX_ATTEMPTS);
      }),
      { numRuns: 300 },
    );
  });

  it('names only messages of the catalogue in its chart', () => {
    const own = new Set(orderMachine.events.filter((type) => !type.startsWith('xstate.')));
    expect([...own].filter((type) => !(type in messages))).to.be.empty;
  });
});
