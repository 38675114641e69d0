import { expect } from 'chai';
import { at, id } from './given.js';
import {
  complete,
  customerId,
  expired,
  lamp,
  mug,
  orderId,
  parcel,
  pier,
  processed,
  reno,
  reserved,
  shortage,
  total,
  york,
} from './orderMessages.js';
import {
  awaitingShipment,
  booked,
  cancellationOf,
  first,
  type Order,
  one,
  paid,
  parcels,
  paymentOf,
  second,
  shipped,
  told,
  twoParcels,
} from './orderScenes.js';

describe('the order machine, shipping', () => {
  describe('when paid', () => {
    it('ships what each warehouse holds, once the payment is complete (O-18, G-14)', () => {
      const order = twoParcels();
      expect(order.state).to.equal('fulfilling.awaitingShipment');
      expect(order.sentTypes).to.deep.equal(['CreateShipment', 'CreateShipment']);
      const sent = order.sent('CreateShipment');
      expect(sent.map(({ warehouseId, items }) => ({ warehouseId, items }))).to.deep.equal(
        [
          { warehouseId: york, items: [one(mug, york, 2)] },
          { warehouseId: reno, items: [one(lamp, reno)] },
        ].sort((a, b) => (a.warehouseId < b.warehouseId ? -1 : 1)),
      );
      expect(sent[0]).to.deep.include({ orderId, customerId, address: pier, shippingMethod: 'standard' });
      expect(Object.keys(order.context.shipments)).to.deep.equal(sent.map(({ shipmentId }) => shipmentId));
      expect(order.timers).to.deep.equal([
        { id: 'xstate.after.fulfilmentSla.order.fulfilling', dueAt: at(24 * 60 + 2) },
      ]);
    });

    it('is cancelled and paid back when its expired stock could not be had again (G-26)', () => {
      const order = paid().when(shortage());
      expect(order.state).to.equal('cancelled');
      expect(order.sentTypes).to.deep.equal(['OrderCancelled', 'RefundPayment']);
      expect(cancellationOf(order)).to.deep.include({
        cancellationReason: 'OUT_OF_STOCK',
        refund: { amount: total, method: 'original_payment_method', estimatedProcessingDays: 3 },
      });
    });

    it('ignores the completion of another payment', () => {
      expect(paid().when(complete(id('another payment'), [one(mug, reno, 2)])).ignored).to.deep.equal([
        'PaymentComplete',
      ]);
    });

    it('ignores the end of its hold and stock that is held again, and a payment that is told twice (G-26)', () => {
      const order = told(paid().when(expired(), reserved(mug, 2)), processed);
      expect(order.state).to.equal('paid');
      expect(order.emitted).to.be.empty;
      expect(order.ignored).to.deep.equal(['PaymentProcessed']);
      expect(paid().when(expired(), reserved(mug, 2)).ignored).to.have.lengthOf(2);
    });
  });

  /** The status of each parcel, in order. */
  const statuses = (order: Order) => Object.values(order.context.shipments).map(({ status }) => status);

  describe('news of a parcel', () => {
    const byHand = () => twoParcels().when(first(twoParcels()).byHand());
    const troubled = () => shipped().when(first(shipped()).undelivered());
    for (const [state, start] of [
      ['fulfilling.awaitingShipment', twoParcels],
      ['fulfilling.booked', booked],
      ['fulfilling.manual', byHand],
      ['shipped.dispatched', shipped],
      ['shipped.deliveryException', troubled],
    ] as const) {
      it(`is ignored when ${state} if the parcel is not the order’s own`, () => {
        const stranger = parcel(id('stranger'));
        const order = start().when(...Object.values(stranger).map((tell) => tell()));
        expect(order.ignored).to.have.lengthOf(6);
        expect(order.state).to.equal(state);
        expect(order.context).to.deep.equal(start().context);
      });
    }

    it('is ignored when it is told twice', () => {
      let order = twoParcels();
      const { created, byHand, dispatched, undelivered, inTransit, delivered } = first(order);
      for (const tell of [byHand, created, dispatched, undelivered, inTransit, delivered]) {
        order = order.when(tell());
        if (tell !== inTransit) expect(order.when(tell()).ignored, order.state).to.have.lengthOf(1);
      }
      expect(statuses(order)).to.deep.equal(['delivered', 'pending']);
    });
  });

  describe('when fulfilling', () => {
    it('is booked once its parcel has a label (O-19)', () => {
      const order = booked();
      expect(order.state).to.equal('fulfilling.booked');
      expect(Object.values(order.context.shipments)).to.deep.equal([
        {
          warehouseId: reno,
          status: 'booked',
          carrier: 'UPS',
          trackingNumber: first(order).created().data.trackingNumber,
        },
      ]);
      expect(order.timers).to.have.lengthOf(1);
    });

    it('is booked once all its parcels have labels (O-19)', () => {
      const order = twoParcels().when(first(twoParcels()).created());
      expect(order.state).to.equal('fulfilling.awaitingShipment');
      expect(order.when(second(order).created()).state).to.equal('fulfilling.booked');
    });

    it('waits for a person when no carrier takes a parcel (O-20)', () => {
      const order = twoParcels().when(first(twoParcels()).byHand(), second(twoParcels()).created());
      expect(order.state).to.equal('fulfilling.manual');
      expect(order.context.alerts).to.deep.equal(['manualFulfilment']);
      const labelled = order.when(first(order).created());
      expect(labelled.state).to.equal('fulfilling.booked');
      expect(statuses(labelled)).to.deep.equal(['booked', 'booked']);
    });

    it('waits for the carriers again once nothing is left to do by hand (O-20)', () => {
      const order = twoParcels().when(first(twoParcels()).byHand(), first(twoParcels()).created());
      expect(order.state).to.equal('fulfilling.awaitingShipment');
      expect(statuses(order)).to.deep.equal(['booked', 'pending']);
      const both = twoParcels().when(...parcels(twoParcels()).map((each) => each.byHand()));
      expect(both.when(first(both).created()).state).to.equal('fulfilling.manual');
    });

    it('marks an alert when nothing has left after 24 hours (O-18)', () => {
      const order = booked().whenTimerFires();
      expect(order.state).to.equal('fulfilling.booked');
      expect(order.context.alerts).to.deep.equal(['fulfilmentLate']);
    });

    it('is shipped when its first parcel leaves (O-21)', () => {
      const order = booked().when(first(booked()).dispatched());
      expect(order.state).to.equal('shipped.dispatched');
      expect(order.timers).to.be.empty;
    });

    it('ignores parcels that are not its own, news told twice, and news too early', () => {
      const stranger = parcel(id('stranger'));
      const order = booked().when(
        stranger.created(),
        stranger.dispatched(),
        first(booked()).created(),
        first(booked()).inTransit(),
        complete(paymentOf(booked()), []),
        shortage(),
      );
      expect(order.state).to.equal('fulfilling.booked');
      expect(order.ignored).to.have.lengthOf(6);
      expect(awaitingShipment().when(first(awaitingShipment()).dispatched()).ignored).to.have.lengthOf(1);
    });
  });

  describe('when shipped', () => {
    const bothBooked = () => twoParcels().when(...parcels(twoParcels()).map((each) => each.created()));
    const oneOfTwo = () => bothBooked().when(first(bothBooked()).dispatched());

    it('is in transit at the first scan and stays so at the next (O-22)', () => {
      const order = shipped().when(first(shipped()).inTransit());
      expect(order.state).to.equal('shipped.inTransit');
      expect(statuses(order)).to.deep.equal(['inTransit']);
      expect(order.when(first(order).inTransit())).to.include({ state: 'shipped.inTransit' });
    });

    it('says that a delivery failed, and goes on when the parcel moves again (O-23, O-22)', () => {
      const order = shipped().when(first(shipped()).undelivered());
      expect(order.state).to.equal('shipped.deliveryException');
      expect(order.when(first(order).inTransit()).state).to.equal('shipped.inTransit');
      expect(order.when(first(order).delivered()).state).to.equal('delivered');
    });

    it('is delivered when its parcel is (O-24)', () => {
      const order = shipped().when(first(shipped()).inTransit(), first(shipped()).delivered());
      expect(order.state).to.equal('delivered');
      expect(statuses(order)).to.deep.equal(['delivered']);
      expect(order.emitted).to.be.empty;
    });

    it('is delivered only when all its parcels are (O-24)', () => {
      const order = oneOfTwo().when(first(oneOfTwo()).delivered());
      expect(order.state).to.equal('shipped.inTransit');
      const rest = second(order);
      expect(order.when(rest.dispatched()).state).to.equal('shipped.inTransit');
      expect(order.when(rest.dispatched(), rest.delivered()).state).to.equal('delivered');
    });

    it('shows the parcel in trouble while another one moves (O-23)', () => {
      const troubled = oneOfTwo().when(second(oneOfTwo()).dispatched(), first(oneOfTwo()).undelivered());
      const moving = troubled.when(second(troubled).inTransit());
      expect(moving.state).to.equal('shipped.deliveryException');
      expect(statuses(moving)).to.deep.equal(['deliveryFailed', 'inTransit']);
      const order = moving.when(second(moving).delivered());
      expect(order.state).to.equal('shipped.deliveryException');
      expect(order.when(first(order).delivered()).state).to.equal('delivered');
    });

    it('hears of parcels that are behind without going back (O-21)', () => {
      const ahead = twoParcels().when(first(twoParcels()).created(), first(twoParcels()).dispatched());
      expect(ahead.state).to.equal('shipped.dispatched');
      const order = ahead.when(second(ahead).byHand(), second(ahead).created(), second(ahead).dispatched());
      expect(order.state).to.equal('shipped.dispatched');
      expect(order.context.alerts).to.deep.equal(['manualFulfilment']);
      expect(order.ignored).to.be.empty;
    });

    it('ignores news told twice and strangers', () => {
      const stranger = parcel(id('stranger'));
      const order = shipped().when(first(shipped()).dispatched(), stranger.inTransit(), stranger.delivered());
      expect(order).to.include({ state: 'shipped.dispatched' });
      expect(order.ignored).to.have.lengthOf(3);
      const done = shipped().when(first(shipped()).delivered());
      expect(done.when(first(done).delivered(), first(done).inTransit()).ignored).to.have.lengthOf(2);
    });
  });
});
