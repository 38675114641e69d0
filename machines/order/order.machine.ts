/**
 * The life of an order: domain.md 8.1, rows O-02…O-04, O-07, O-10…O-24, O-30, O-34 (O-01 is the HTTP edge's, O-31 is the
 * absence of an entry). Every way to `cancelled` only says why; the state's entry stops the payment and calls parcels back.
 */
import { newOrder } from './order.context.js';
import { order } from './order.setup.js';

export type { OrderContext } from './order.context.js';

const cancelled = '#order.cancelled';

/** What the order takes while its payment is collected, whether a charge is under way or waits. */
const collecting = {
  PaymentProcessed: [
    { guard: 'paysTheTotal', target: '#order.paid', actions: 'noteCapture' }, // O-10
    {
      guard: 'isCurrentPayment', // O-10: not the total
      target: cancelled,
      actions: [
        'noteCapture',
        { type: 'raiseAlert', params: 'paymentAmountMismatch' },
        { type: 'cancelBecause', params: 'SYSTEM' },
      ],
    },
  ],
  PaymentFailed: [
    {
      guard: 'failsForFraud', // O-17
      target: cancelled,
      actions: ['noteFailure', { type: 'cancelBecause', params: 'FRAUD' }],
    },
    {
      guard: 'failsForGood', // O-17
      target: cancelled,
      actions: ['noteFailure', { type: 'cancelBecause', params: 'PAYMENT_FAILED' }],
    },
    {
      guard: 'failsForNow', // O-14
      target: '#order.confirmed.paymentRetry',
      reenter: true,
      actions: ['noteFailure', 'extendHoldForRetry'],
    },
    { guard: 'fails', target: '#order.confirmed.paymentRetry', reenter: true, actions: 'noteFailure' }, // O-16
  ],
} as const;

export const orderMachine = order.createMachine({
  id: 'order',
  context: ({ input }) => newOrder(input),
  initial: 'pending',
  on: {
    // No payment is ever lost: money that the order does not need goes back.
    PaymentProcessed: { guard: 'isUnexpectedPayment', actions: 'sendBack' }, // O-34
  },
  states: {
    // Left in the step that enters it, so no cancel request (O-30) can find an order here.
    pending: {
      entry: 'announcePlacement', // O-02
      always: [
        { guard: 'isSound', target: 'confirmed', actions: 'announceConfirmation' }, // O-03
        {
          target: 'cancelled', // O-03: policy not ok
          actions: [
            { type: 'raiseAlert', params: 'policyRefused' },
            { type: 'cancelBecause', params: 'SYSTEM' },
          ],
        },
      ],
    },

    confirmed: {
      initial: 'reserving',
      on: {
        CancelOrder: { target: 'cancelled', actions: 'cancelOnRequest' }, // O-30
      },
      states: {
        reserving: {
          after: { reservationWatch: { actions: { type: 'raiseAlert', params: 'reservationSlow' } } }, // O-03
          on: {
            InventoryAdjusted: [
              { guard: 'holdsEveryLine', target: 'awaitingPayment', actions: ['keepMovement', 'openPayment'] }, // O-04
              { guard: 'isNewMovement', actions: 'keepMovement' },
            ],
            OutOfStock: { target: cancelled, actions: { type: 'cancelBecause', params: 'OUT_OF_STOCK' } }, // O-07
          },
        },
        awaitingPayment: {
          // Stock that is gone when the money comes (G-26) may be told before the money is.
          meta: { defers: ['OutOfStock'] },
          on: {
            ...collecting,
            // G-26: the charge under way decides. Its money has the stock held again; its failure is the end (O-17).
            ReservationExpired: { actions: 'noteHoldExpired' },
            FraudCheckCompleted: { guard: 'needsReview', target: 'fraudHold', actions: 'holdForReview' }, // O-11
            FraudDetected: { guard: 'needsReview', target: 'fraudHold', actions: 'holdForReview' }, // O-11
          },
        },
        fraudHold: {
          // The payment may act on the reviewer's decision before the order hears of it.
          meta: { defers: ['PaymentProcessed', 'PaymentFailed', 'PaymentComplete', 'OutOfStock'] },
          after: {
            reviewDeadline: { target: cancelled, actions: { type: 'cancelBecause', params: 'FRAUD' } }, // O-13
          },
          on: {
            FraudDecisionOverridden: [
              { guard: 'isApproved', target: 'awaitingPayment' }, // O-12
              { guard: 'isDeclined', target: cancelled, actions: { type: 'cancelBecause', params: 'FRAUD' } }, // O-13
            ],
            PaymentFailed: {
              guard: 'failsForFraud', // O-17
              target: cancelled,
              actions: ['noteFailure', { type: 'cancelBecause', params: 'FRAUD' }],
            },
            ReservationExpired: { actions: 'noteHoldExpired' }, // O-12: Inventory reserves again once the money is there
          },
        },
        paymentRetry: {
          meta: { defers: ['OutOfStock'] },
          after: {
            nextRetry: [
              { guard: 'isRetrying', target: 'awaitingPayment', actions: 'resumePayment' }, // O-15
              { target: cancelled, actions: { type: 'cancelBecause', params: 'PAYMENT_FAILED' } }, // O-17
            ],
          },
          on: {
            ...collecting,
            ReservationExpired: { target: cancelled, actions: { type: 'cancelBecause', params: 'PAYMENT_FAILED' } }, // O-17
            ChangePaymentMethod: [
              {
                guard: 'isRetrying', // O-15
                target: 'awaitingPayment',
                actions: ['changeMethod', 'retryPayment', 'resumePayment'],
              },
              { target: 'awaitingPayment', actions: ['changeMethod', 'openPayment'] }, // O-16
            ],
          },
        },
      },
    },

    paid: {
      on: {
        PaymentComplete: { guard: 'isCurrentPayment', target: 'fulfilling', actions: 'planShipments' }, // O-18
        OutOfStock: { target: 'cancelled', actions: { type: 'cancelBecause', params: 'OUT_OF_STOCK' } }, // G-26
        CancelOrder: { target: 'cancelled', actions: 'cancelOnRequest' }, // O-30
      },
    },

    fulfilling: {
      initial: 'awaitingShipment',
      after: { fulfilmentSla: { actions: { type: 'raiseAlert', params: 'fulfilmentLate' } } }, // O-18
      on: {
        ShipmentDispatched: { guard: 'isParcelNews', target: 'shipped', actions: 'moveParcel' }, // O-21
        CancelOrder: { target: 'cancelled', actions: 'cancelOnRequest' }, // O-30
      },
      states: {
        awaitingShipment: {
          on: {
            ShipmentCreated: [
              { guard: 'booksTheLast', target: 'booked', actions: 'moveParcel' }, // O-19
              { guard: 'isParcelNews', actions: 'moveParcel' },
            ],
            ManualFulfilmentRequired: {
              guard: 'isParcelNews', // O-20
              target: 'manual',
              actions: ['moveParcel', { type: 'raiseAlert', params: 'manualFulfilment' }],
            },
          },
        },
        booked: {},
        manual: {
          on: {
            ShipmentCreated: [
              { guard: 'booksTheLast', target: 'booked', actions: 'moveParcel' }, // O-19
              { guard: 'leavesNoneByHand', target: 'awaitingShipment', actions: 'moveParcel' },
              { guard: 'isParcelNews', actions: 'moveParcel' },
            ],
            ManualFulfilmentRequired: { guard: 'isParcelNews', actions: 'moveParcel' },
          },
        },
      },
    },

    shipped: {
      initial: 'dispatched',
      on: {
        // Parcels of other warehouses may be behind.
        ShipmentCreated: { guard: 'isParcelNews', actions: 'moveParcel' },
        ManualFulfilmentRequired: {
          guard: 'isParcelNews',
          actions: ['moveParcel', { type: 'raiseAlert', params: 'manualFulfilment' }],
        },
        ShipmentDispatched: { guard: 'isParcelNews', actions: 'moveParcel' },
        ShipmentInTransit: [
          { guard: 'leavesOneUndelivered', actions: 'moveParcel' },
          { guard: 'isParcelNews', target: '.inTransit', actions: 'moveParcel' }, // O-22
        ],
        DeliveryFailed: { guard: 'isParcelNews', target: '.deliveryException', actions: 'moveParcel' }, // O-23
        ShipmentDelivered: [
          { guard: 'deliversTheLast', target: 'delivered', actions: 'moveParcel' }, // O-24
          { guard: 'leavesOneUndelivered', actions: 'moveParcel' },
          { guard: 'isParcelNews', target: '.inTransit', actions: 'moveParcel' },
        ],
      },
      states: { dispatched: {}, inTransit: {}, deliveryException: {} },
    },

    delivered: {},

    cancelled: {
      entry: ['announceCancellation', 'stopPayment', 'callBackParcels'],
      on: {
        PaymentProcessed: { guard: 'isNotSentBack', actions: 'sendBack' }, // O-34
        // The parcel left before it could be called back.
        ShipmentDispatched: { actions: { type: 'raiseAlert', params: 'dispatchedAfterCancellation' } },
      },
    },
  },
});
