import { expect } from 'chai';
import fc from 'fast-check';
import type { EventFromLogic } from 'xstate';
import type { MessageData } from '../../machines/index.js';
import { shipmentMachine } from '../../machines/shipment/shipment.machine.js';
import { at, given, id, message, type Scene } from './given.js';
import { customerId, mug, orderId, pier, reno, usd } from './orderMessages.js';

type Shipment = Scene<typeof shipmentMachine>;
type Status = MessageData<'UpdateShipmentStatus'>['status'];

const shipmentId = id('shipment');
const items = [{ productId: mug, stockItemId: id('stock'), warehouseId: reno, quantity: 2 }];
const shipping = {
  shipmentId,
  orderId,
  customerId,
  warehouseId: reno,
  address: pier,
  items,
  shippingMethod: 'standard' as const,
};
const london = { street: '1 Mill Lane', city: 'London', postalCode: 'E1 6AN', country: 'GB' };

const create = (change: Partial<MessageData<'CreateShipment'>> = {}) =>
  message('CreateShipment', { ...shipping, ...change });
const label = {
  trackingNumber: '1Z-1',
  labelUrl: 'https://carrier.example/labels/1',
  shippingCost: usd(550),
  estimatedDelivery: at(2880),
};
const booked = (carrier = 'USPS', trackingNumber = label.trackingNumber) =>
  message('ShipmentBooked', { shipmentId, carrier, ...label, trackingNumber }, at(1));
const refused = (attempt: number, carrier = 'USPS') =>
  message('BookingFailed', { shipmentId, carrier, attempt, failureMessage: `No thanks, ${attempt}.` }, at(1));
const byHand = () => message('GenerateLabel', { shipmentId, carrier: 'Pigeon Post', trackingNumber: 'PP-1' }, at(9));
const status = (to: Status, change: Partial<MessageData<'UpdateShipmentStatus'>> = {}) =>
  message('UpdateShipmentStatus', { shipmentId, status: to, ...change }, at(30));
const cancel = () => message('CancelShipment', { shipmentId, reason: 'The order was cancelled.' }, at(20));

const booking = () => given(shipmentMachine, create());
const exhausted = () => booking().when(refused(1)).whenTimerFires().when(refused(2)).whenTimerFires().when(refused(3));
const manual = () => exhausted().when(refused(4, 'Royal Mail'));
const created = () => booking().when(booked());
const dispatched = () => created().when(status('dispatched'));
const inTransit = () => dispatched().when(status('in_transit'));
const undelivered = () => inTransit().when(status('delivery_failed'));
const tracked = { shipmentId, orderId, customerId, carrier: 'USPS', trackingNumber: '1Z-1' };

describe('the shipment machine', () => {
  describe('when created', () => {
    it('chooses a carrier and asks it for a label (H-01)', () => {
      const shipment = booking();
      expect(shipment.state).to.equal('booking');
      expect(shipment.emitted).to.deep.equal([
        {
          type: 'BookShipment',
          data: {
            shipmentId,
            orderId,
            warehouseId: reno,
            carrier: 'USPS',
            attempt: 1,
            idempotencyKey: `${shipmentId}-1`,
            address: pier,
            items,
            shippingMethod: 'standard',
          },
        },
      ]);
      expect(shipment.timers).to.be.empty;
    });
  });

  describe('when booking', () => {
    it('has its label (H-02)', () => {
      const shipment = created();
      expect(shipment.state).to.equal('created');
      expect(shipment.emitted).to.deep.equal([
        {
          type: 'ShipmentCreated',
          data: {
            ...tracked,
            address: pier,
            items,
            shippingMethod: 'standard',
            warehouseId: reno,
            estimatedDelivery: label.estimatedDelivery,
            shippingCost: label.shippingCost,
            createdAt: at(1),
          },
        },
      ]);
    });

    it('tries the same carrier again after a pause that doubles, under a new key (H-03)', () => {
      const once = booking().when(refused(1));
      expect(once.state).to.equal('bookingFailed');
      expect(once.emitted).to.be.empty;
      expect(once.context.bookingFailure).to.equal('No thanks, 1.');
      expect(once.timers.map(({ dueAt }) => dueAt)).to.deep.equal([at(1 + 1 / 60)]);
      const again = once.whenTimerFires();
      expect(again.state).to.equal('booking');
      expect(again.sent('BookShipment')[0]).to.include({
        carrier: 'USPS',
        attempt: 2,
        idempotencyKey: `${shipmentId}-2`,
      });
      expect(again.when(refused(2)).timers.map(({ dueAt }) => dueAt)).to.deep.equal([at(1 + 2 / 60)]);
    });

    it('asks Royal Mail after the third refusal (H-04)', () => {
      const shipment = exhausted();
      expect(shipment.state).to.equal('booking');
      expect(shipment.sent('BookShipment')[0]).to.include({ carrier: 'Royal Mail', attempt: 4 });
      expect(shipment.when(booked('Royal Mail')).sent('ShipmentCreated')[0]).to.include({ carrier: 'Royal Mail' });
    });

    it('is left to people when Royal Mail refuses as well (H-05)', () => {
      const shipment = manual();
      expect(shipment.state).to.equal('manualFulfilment');
      expect(shipment.emitted).to.deep.equal([
        {
          type: 'ManualFulfilmentRequired',
          data: { shipmentId, orderId, customerId, failureMessage: 'No thanks, 4.' },
        },
      ]);
    });

    it('is left to people at once when Royal Mail was the choice (H-05)', () => {
      const refuse = (attempt: number) => refused(attempt, 'Royal Mail');
      const first = given(shipmentMachine, create({ address: london }));
      expect(first.sent('BookShipment')[0]).to.include({ carrier: 'Royal Mail' });
      const last = first.when(refuse(1)).whenTimerFires().when(refuse(2)).whenTimerFires().when(refuse(3));
      expect(last.state).to.equal('manualFulfilment');
    });

    it('voids the label of a carrier that it does not wait for any more', () => {
      const shipment = exhausted().when(booked('USPS'));
      expect(shipment.state).to.equal('booking');
      expect(shipment.sentTypes).to.deep.equal(['VoidLabel']);
    });

    it('ignores the failure of an earlier booking', () => {
      const again = booking().when(refused(1)).whenTimerFires().when(refused(1));
      expect(again.state).to.equal('booking');
      expect(again.ignored).to.deep.equal(['BookingFailed']);
    });

    it('does not move before it has a label', () => {
      expect(booking().when(status('dispatched'), status('in_transit'), byHand()).ignored).to.have.lengthOf(3);
    });
  });

  describe('when manualFulfilment', () => {
    it('is created with a label made by hand (H-06)', () => {
      const shipment = manual().when(byHand());
      expect(shipment.state).to.equal('created');
      expect(shipment.sent('ShipmentCreated')[0]).to.deep.include({
        carrier: 'Pigeon Post',
        trackingNumber: 'PP-1',
        estimatedDelivery: null,
        shippingCost: null,
        createdAt: at(9),
      });
    });

    it('ignores late failures', () => {
      expect(manual().when(refused(3), refused(4)).ignored).to.have.lengthOf(2);
    });
  });

  describe('when on its way', () => {
    it('is dispatched (H-07)', () => {
      expect(dispatched().state).to.equal('dispatched');
      expect(dispatched().emitted).to.deep.equal([
        { type: 'ShipmentDispatched', data: { ...tracked, warehouseId: reno, items, dispatchedAt: at(30) } },
      ]);
    });

    it('tells every scan (H-08)', () => {
      const shipment = dispatched().when(status('in_transit', { location: 'Reno hub' }));
      expect(shipment.state).to.equal('inTransit');
      expect(shipment.emitted).to.deep.equal([
        { type: 'ShipmentInTransit', data: { ...tracked, location: 'Reno hub', timestamp: at(30) } },
      ]);
      const next = shipment.when(status('in_transit'));
      expect(next.sentTypes).to.deep.equal(['ShipmentInTransit']);
      expect(next.context.location).to.equal('Reno hub');
    });

    for (const [from, start] of [
      ['dispatched', dispatched],
      ['inTransit', inTransit],
    ] as const) {
      it(`is delivered from ${from} (H-09)`, () => {
        const shipment = start().when(status('delivered'));
        expect(shipment.state).to.equal('delivered');
        expect(shipment.emitted).to.deep.equal([
          { type: 'ShipmentDelivered', data: { ...tracked, deliveredAt: at(30) } },
        ]);
      });

      it(`says why a delivery failed from ${from} (H-10)`, () => {
        const shipment = start().when(
          status('delivery_failed', { reasonCode: 'address_not_found', note: 'No such house.' }),
        );
        expect(shipment.state).to.equal('deliveryFailed');
        expect(shipment.sent('DeliveryFailed')).to.deep.equal([
          {
            ...tracked,
            failureReason: 'No such house.',
            reasonCode: 'address_not_found',
            attempt: 1,
            retriable: true,
            timestamp: at(30),
          },
        ]);
      });
    }

    it('goes on after a failed delivery when it is scanned again (H-08, H-11)', () => {
      const shipment = undelivered().when(status('in_transit'));
      expect(shipment.state).to.equal('inTransit');
      expect(shipment.sentTypes).to.deep.equal(['ShipmentInTransit']);
      expect(shipment.when(status('delivered')).state).to.equal('delivered');
    });

    it('is not tried a fourth time (H-11, R-73)', () => {
      const again = (shipment: Shipment) => shipment.when(status('in_transit'), status('delivery_failed'));
      const third = again(again(undelivered()));
      expect(third.sent('DeliveryFailed')[0]).to.include({ attempt: 3, retriable: false });
      expect(third.when(status('in_transit')).ignored).to.have.lengthOf(1);
    });

    it('is not tried again when it is damaged', () => {
      const shipment = inTransit().when(status('delivery_failed', { reasonCode: 'damaged_in_transit' }));
      expect(shipment.sent('DeliveryFailed')[0]).to.include({
        retriable: false,
        failureReason: 'The parcel was damaged in transit.',
      });
      expect(shipment.when(status('in_transit')).ignored).to.have.lengthOf(1);
    });

    it('ignores scans told twice or out of order', () => {
      const all: Status[] = ['dispatched', 'in_transit', 'delivered', 'delivery_failed'];
      const ignoredBy = (shipment: Shipment) => all.filter((to) => shipment.when(status(to)).ignored.length > 0);
      expect(ignoredBy(created())).to.deep.equal(['in_transit', 'delivered', 'delivery_failed']);
      expect(ignoredBy(dispatched())).to.deep.equal(['dispatched']);
      expect(ignoredBy(inTransit())).to.deep.equal(['dispatched']);
      expect(ignoredBy(undelivered())).to.deep.equal(['dispatched', 'delivered', 'delivery_failed']);
      expect(ignoredBy(inTransit().when(status('delivered')))).to.deep.equal(all);
      expect(ignoredBy(created().when(cancel()))).to.deep.equal(all);
    });
  });

  describe('when asked to cancel', () => {
    for (const [state, start] of [
      ['booking', booking],
      ['bookingFailed', () => booking().when(refused(1))],
      ['manualFulfilment', manual],
    ] as const) {
      it(`is cancelled from ${state} (H-15)`, () => {
        const shipment = start().when(cancel());
        expect(shipment.state).to.equal('cancelled');
        expect(shipment.emitted).to.deep.equal([
          { type: 'ShipmentCancelled', data: { shipmentId, orderId, customerId, timestamp: at(20) } },
        ]);
        expect(shipment.timers).to.be.empty;
      });
    }

    it('is cancelled from created, and its label is void (H-15)', () => {
      const shipment = created().when(cancel());
      expect(shipment.state).to.equal('cancelled');
      expect(shipment.sentTypes).to.deep.equal(['VoidLabel', 'ShipmentCancelled']);
      expect(shipment.sent('VoidLabel')).to.deep.equal([{ shipmentId, carrier: 'USPS', trackingNumber: '1Z-1' }]);
    });

    it('leaves a label made by hand to people (H-15)', () => {
      expect(manual().when(byHand(), cancel()).sentTypes).to.deep.equal(['ShipmentCreated', 'ShipmentCancelled']);
    });

    it('voids a label that comes too late (H-15)', () => {
      const shipment = booking().when(cancel()).when(booked());
      expect(shipment.state).to.equal('cancelled');
      expect(shipment.sent('VoidLabel')).to.deep.equal([{ shipmentId, carrier: 'USPS', trackingNumber: '1Z-1' }]);
    });

    for (const [state, start] of [
      ['dispatched', dispatched],
      ['inTransit', inTransit],
      ['deliveryFailed', undelivered],
      ['delivered', () => dispatched().when(status('delivered'))],
    ] as const) {
      it(`stays ${state} (H-17)`, () => {
        const shipment = start().when(cancel());
        expect(shipment.state).to.equal(state);
        expect(shipment.ignored).to.deep.equal(['CancelShipment']);
        expect(shipment.emitted).to.be.empty;
      });
    }

    it('ignores a second request, and a label that it knows', () => {
      expect(created().when(cancel()).when(cancel(), booked()).ignored).to.deep.equal([
        'CancelShipment',
        'ShipmentBooked',
      ]);
    });
  });

  it('voids every label but the one in use, in any order of events', () => {
    // No carrier gives a number twice, so each booking of a story has a number of its own.
    const events: ((place: number) => EventFromLogic<typeof shipmentMachine>)[] = [
      ...[1, 2, 3, 4].map((attempt) => () => refused(attempt)),
      ...['USPS', 'Royal Mail'].map((carrier) => (place: number) => booked(carrier, `1Z-${place}`)),
      byHand,
      cancel,
      ...(['dispatched', 'in_transit', 'delivered', 'delivery_failed'] as const).map((to) => () => status(to)),
    ];
    fc.assert(
      fc.property(fc.array(fc.option(fc.constantFrom(...events)), { maxLength: 15 }), (story) => {
        let shipment = booking();
        const labels = new Set<string>();
        const voided: string[] = [];
        for (const [place, make] of story.entries()) {
          if (make === null && shipment.timers.length === 0) continue;
          const event = make?.(place);
          shipment = event ? shipment.when(event) : shipment.whenTimerFires();
          if (event?.type === 'ShipmentBooked') labels.add(event.data.trackingNumber);
          voided.push(...shipment.sent('VoidLabel').map(({ trackingNumber }) => trackingNumber));
        }
        const { label: kept, trackingNumber } = shipment.context;
        if (kept !== null && shipment.state !== 'cancelled') labels.delete(trackingNumber ?? '');
        expect(voided.sort()).to.deep.equal([...labels].sort());
        expect(shipment.context.attempt).to.be.at.most(4);
      }),
      { numRuns: 300 },
    );
  });
});
