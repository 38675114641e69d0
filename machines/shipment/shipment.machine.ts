/**
 * The life of a parcel: domain.md 8.4, rows H-01…H-11 and H-15 (H-17 is the absence of an entry; H-10 and H-11 as far as a
 * failed delivery that is tried again).
 */
import { and, assertEvent, assign, emit, enqueueActions, setup } from 'xstate';
import type { FlowmartOutgoing, FlowmartReceived } from '../index.js';
import { cause } from '../shared/cause.js';
import {
  failureTexts,
  identity,
  mayBeTriedAgain,
  newShipment,
  type ShipmentContext,
  tracked,
} from './shipment.context.js';
import { bookingBackoff, bookingKey, FALLBACK_CARRIER, MAX_BOOKINGS } from './shipment.rules.js';

export type { ShipmentContext };

export const shipmentMachine = setup({
  types: {
    context: {} as ShipmentContext,
    input: {} as FlowmartReceived<'CreateShipment'>,
    events: {} as FlowmartReceived<
      'ShipmentBooked' | 'BookingFailed' | 'GenerateLabel' | 'UpdateShipmentStatus' | 'CancelShipment'
    >,
    emitted: {} as FlowmartOutgoing<
      | 'BookShipment'
      | 'VoidLabel'
      | 'ManualFulfilmentRequired'
      | 'ShipmentCreated'
      | 'ShipmentDispatched'
      | 'ShipmentInTransit'
      | 'ShipmentDelivered'
      | 'DeliveryFailed'
      | 'ShipmentCancelled'
    >,
  },
  delays: {
    bookingBackoff: ({ context }) => bookingBackoff(context.attempt),
  },
  guards: {
    isBookedByChosen: ({ context, event }) => {
      assertEvent(event, 'ShipmentBooked');
      return event.data.carrier === context.carrier;
    },
    /** A label that nobody waits for any more. */
    isSurplusLabel: ({ context, event }) => {
      assertEvent(event, 'ShipmentBooked');
      return event.data.trackingNumber !== context.trackingNumber;
    },
    isCurrentBooking: ({ context, event }) => {
      assertEvent(event, 'BookingFailed');
      return event.data.attempt === context.attempt;
    },
    mayBookAgain: ({ context }) => context.attempt < MAX_BOOKINGS,
    hasFallback: ({ context }) => context.carrier !== FALLBACK_CARRIER,
    isDispatched: ({ event }) => event.type === 'UpdateShipmentStatus' && event.data.status === 'dispatched',
    isScanned: ({ event }) => event.type === 'UpdateShipmentStatus' && event.data.status === 'in_transit',
    isDelivered: ({ event }) => event.type === 'UpdateShipmentStatus' && event.data.status === 'delivered',
    isUndelivered: ({ event }) => event.type === 'UpdateShipmentStatus' && event.data.status === 'delivery_failed',
    mayBeTriedAgain: ({ context }) => mayBeTriedAgain(context),
  },
  actions: {
    requestBooking: enqueueActions(({ context, enqueue }) => {
      const { shipmentId, orderId, warehouseId, carrier, address, items, shippingMethod } = context;
      const attempt = context.attempt + 1;
      enqueue.assign({ attempt });
      enqueue.emit({
        type: 'BookShipment',
        data: {
          shipmentId,
          orderId,
          warehouseId,
          carrier,
          attempt,
          idempotencyKey: bookingKey(shipmentId, attempt),
          address,
          items: [...items],
          shippingMethod,
        },
      });
    }),
    noteBookingFailure: assign(({ event }) => {
      assertEvent(event, 'BookingFailed');
      return { bookingFailure: event.data.failureMessage };
    }),
    askFallback: assign({ carrier: FALLBACK_CARRIER }),
    callForHands: emit(({ context }) => ({
      type: 'ManualFulfilmentRequired',
      data: { failureMessage: context.bookingFailure ?? 'No carrier took the parcel.', ...identity(context) },
    })),
    keepLabel: assign(({ event }) => {
      assertEvent(event, 'ShipmentBooked');
      const { carrier, trackingNumber, labelUrl, shippingCost, estimatedDelivery } = event.data;
      return { carrier, trackingNumber, label: { labelUrl, shippingCost, estimatedDelivery } };
    }),
    keepHandmadeLabel: assign(({ event }) => {
      assertEvent(event, 'GenerateLabel');
      const { carrier, trackingNumber } = event.data;
      return { carrier, trackingNumber };
    }),
    announceCreation: enqueueActions(({ context, event, enqueue }) => {
      const { address, items, shippingMethod, warehouseId, label } = context;
      const createdAt = cause(event).at;
      enqueue.assign({ createdAt });
      enqueue.emit({
        type: 'ShipmentCreated',
        data: {
          address,
          items: [...items],
          shippingMethod,
          warehouseId,
          estimatedDelivery: label?.estimatedDelivery ?? null,
          shippingCost: label?.shippingCost ?? null,
          createdAt,
          ...tracked(context),
        },
      });
    }),
    dispatch: enqueueActions(({ context, event, enqueue }) => {
      const dispatchedAt = cause(event).at;
      enqueue.assign({ dispatchedAt });
      enqueue.emit({
        type: 'ShipmentDispatched',
        data: { warehouseId: context.warehouseId, items: [...context.items], dispatchedAt, ...tracked(context) },
      });
    }),
    scan: enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, 'UpdateShipmentStatus');
      const location = event.data.location ?? null;
      enqueue.assign({ location: location ?? context.location });
      enqueue.emit({ type: 'ShipmentInTransit', data: { location, timestamp: event.at, ...tracked(context) } });
    }),
    deliver: enqueueActions(({ context, event, enqueue }) => {
      const deliveredAt = cause(event).at;
      enqueue.assign({ deliveredAt });
      enqueue.emit({ type: 'ShipmentDelivered', data: { deliveredAt, ...tracked(context) } });
    }),
    failDelivery: enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, 'UpdateShipmentStatus');
      const reasonCode = event.data.reasonCode ?? 'other';
      const failed = { deliveryAttempts: context.deliveryAttempts + 1, deliveryFailure: reasonCode };
      enqueue.assign(failed);
      enqueue.emit({
        type: 'DeliveryFailed',
        data: {
          failureReason: event.data.note ?? failureTexts[reasonCode],
          reasonCode,
          attempt: failed.deliveryAttempts,
          retriable: mayBeTriedAgain({ ...context, ...failed }),
          timestamp: event.at,
          ...tracked(context),
        },
      });
    }),
    voidLabel: enqueueActions(({ context, enqueue }) => {
      if (context.label === null) return;
      const { shipmentId, carrier, trackingNumber } = tracked(context);
      enqueue.emit({ type: 'VoidLabel', data: { shipmentId, carrier, trackingNumber } });
    }),
    voidSurplusLabel: emit(({ event }) => {
      assertEvent(event, 'ShipmentBooked');
      const { shipmentId, carrier, trackingNumber } = event.data;
      return { type: 'VoidLabel', data: { shipmentId, carrier, trackingNumber } };
    }),
    announceCancellation: emit(({ context, event }) => ({
      type: 'ShipmentCancelled',
      data: { timestamp: cause(event).at, ...identity(context) },
    })),
  },
}).createMachine({
  id: 'shipment',
  context: ({ input }) => newShipment(input.data),
  initial: 'pending',
  on: {
    // Booked although the shipment was cancelled meanwhile (H-15), or books elsewhere by now.
    ShipmentBooked: { guard: 'isSurplusLabel', actions: 'voidSurplusLabel' },
  },
  states: {
    pending: { always: 'booking' }, // H-01

    booking: {
      entry: 'requestBooking',
      on: {
        ShipmentBooked: { guard: 'isBookedByChosen', target: 'created', actions: 'keepLabel' }, // H-02
        BookingFailed: [
          { guard: and(['isCurrentBooking', 'mayBookAgain']), target: 'bookingFailed', actions: 'noteBookingFailure' }, // H-03
          {
            guard: and(['isCurrentBooking', 'hasFallback']), // H-04
            target: 'booking',
            reenter: true,
            actions: ['noteBookingFailure', 'askFallback'],
          },
          {
            guard: 'isCurrentBooking', // H-05
            target: 'manualFulfilment',
            actions: ['noteBookingFailure', 'callForHands'],
          },
        ],
        CancelShipment: 'cancelled', // H-15
      },
    },

    bookingFailed: {
      after: { bookingBackoff: 'booking' }, // H-03
      on: { CancelShipment: 'cancelled' }, // H-15
    },

    manualFulfilment: {
      on: {
        GenerateLabel: { target: 'created', actions: 'keepHandmadeLabel' }, // H-06
        CancelShipment: 'cancelled', // H-15
      },
    },

    created: {
      entry: 'announceCreation', // H-02, H-06
      on: {
        UpdateShipmentStatus: { guard: 'isDispatched', target: 'dispatched', actions: 'dispatch' }, // H-07
        CancelShipment: { target: 'cancelled', actions: 'voidLabel' }, // H-15
      },
    },

    dispatched: {
      on: {
        UpdateShipmentStatus: [
          { guard: 'isScanned', target: 'inTransit', actions: 'scan' }, // H-08
          { guard: 'isDelivered', target: 'delivered', actions: 'deliver' }, // H-09
          { guard: 'isUndelivered', target: 'deliveryFailed', actions: 'failDelivery' }, // H-10
        ],
      },
    },

    inTransit: {
      on: {
        UpdateShipmentStatus: [
          { guard: 'isScanned', actions: 'scan' }, // H-08: each scan
          { guard: 'isDelivered', target: 'delivered', actions: 'deliver' }, // H-09
          { guard: 'isUndelivered', target: 'deliveryFailed', actions: 'failDelivery' }, // H-10
        ],
      },
    },

    deliveryFailed: {
      on: {
        UpdateShipmentStatus: {
          guard: and(['isScanned', 'mayBeTriedAgain']), // H-08, H-11
          target: 'inTransit',
          actions: 'scan',
        },
      },
    },

    delivered: {},

    cancelled: { entry: 'announceCancellation' },
  },
});
