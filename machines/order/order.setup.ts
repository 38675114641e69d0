import { assertEvent, assign, emit, enqueueActions, setup } from 'xstate';
import type { FlowmartOutgoing, FlowmartReceived, MessageName } from '../index.js';
import { cause } from '../shared/cause.js';
import { deriveId } from '../shared/ids.js';
import { later, msBetween } from '../shared/instants.js';
import { type Cancellation, type OrderContext, withAlert } from './order.context.js';
import type { CancellationReason } from './order.messages.js';
import {
  createShipment,
  openPayment,
  orderCancelled,
  orderConfirmed,
  orderPlaced,
  refundPayment,
} from './order.outgoing.js';
import { all, calledBack, isNews, moved, some, undispatched } from './order.parcels.js';
import {
  hasNothingLeft,
  isCurrent,
  isNewFailure,
  isOpen,
  newPayment,
  withCapture,
  withFailure,
} from './order.payments.js';
import {
  addsUp,
  byWarehouse,
  everyLineHeld,
  FULFILMENT_SLA_MS,
  HOLD_BACKSTOP_MS,
  HOLD_MARGIN_MS,
  isSameMoney,
  RESERVATION_WATCH_MS,
  REVIEW_MS,
} from './order.rules.js';

type OrderMessage = FlowmartReceived<
  | 'CancelOrder'
  | 'ChangePaymentMethod'
  | 'PaymentProcessed'
  | 'PaymentFailed'
  | 'PaymentComplete'
  | 'FraudCheckCompleted'
  | 'FraudDetected'
  | 'FraudDecisionOverridden'
  | 'InventoryAdjusted'
  | 'OutOfStock'
  | 'ReservationExpired'
  | 'ShipmentCreated'
  | 'ManualFulfilmentRequired'
  | 'ShipmentDispatched'
  | 'ShipmentInTransit'
  | 'DeliveryFailed'
  | 'ShipmentDelivered'
>;

const parcelNews = [
  'ShipmentCreated',
  'ManualFulfilmentRequired',
  'ShipmentDispatched',
  'ShipmentInTransit',
  'DeliveryFailed',
  'ShipmentDelivered',
] as const;

/** The parcels as they are once the event is believed. */
const parcelsAfter = (context: OrderContext, event: OrderMessage) => {
  assertEvent(event, parcelNews);
  return moved(context.shipments, event);
};

const isParcelNews = (context: OrderContext, event: OrderMessage) => {
  assertEvent(event, parcelNews);
  return isNews(context.shipments, event);
};

/** The allocations with those of one more movement. */
const allocationsAfter = (context: OrderContext, event: OrderMessage) => {
  assertEvent(event, 'InventoryAdjusted');
  const { productId, stockItemId, warehouseId, quantity } = event.data;
  return [...context.allocations, { productId, stockItemId, warehouseId, quantity }];
};

const isNewMovement = (context: OrderContext, event: OrderMessage) => {
  assertEvent(event, 'InventoryAdjusted');
  return event.data.reason === 'order_reserved' && !context.movements.includes(event.data.adjustmentId);
};

/** The words that the order's chart (order.machine.ts) is written in: its guards, actions and timers. */
export const order = setup({
  types: {
    context: {} as OrderContext,
    input: {} as FlowmartReceived<'PlaceOrder'>,
    events: {} as OrderMessage,
    emitted: {} as FlowmartOutgoing<
      | 'OrderPlaced'
      | 'OrderConfirmed'
      | 'OrderCancelled'
      | 'OpenPayment'
      | 'RetryPayment'
      | 'CancelPayment'
      | 'RefundPayment'
      | 'ExtendHold'
      | 'CreateShipment'
      | 'CancelShipment'
    >,
    meta: {} as { readonly defers?: readonly MessageName[] },
  },
  delays: {
    reservationWatch: RESERVATION_WATCH_MS,
    fulfilmentSla: FULFILMENT_SLA_MS,
    reviewDeadline: ({ context, event }) => msBetween(cause(event).at, context.reviewDueAt ?? cause(event).at),
    nextRetry: ({ context, event }) => {
      const { at } = cause(event);
      if (context.payment?.state !== 'retrying') return HOLD_BACKSTOP_MS;
      return msBetween(at, context.payment.failure?.nextRetryAt ?? at);
    },
  },
  guards: {
    isSound: ({ context }) => addsUp(context),
    isNewMovement: ({ context, event }) => isNewMovement(context, event),
    holdsEveryLine: ({ context, event }) =>
      isNewMovement(context, event) && everyLineHeld(context.items, allocationsAfter(context, event)),
    isCurrentPayment: ({ context, event }) => isCurrent(context.payment, event.data),
    needsReview: ({ context, event }) => {
      assertEvent(event, ['FraudCheckCompleted', 'FraudDetected']);
      const isHeld =
        event.type === 'FraudDetected' ? event.data.severity === 'high' : event.data.decision === 'MANUAL_REVIEW';
      return isHeld && isCurrent(context.payment, event.data);
    },
    isApproved: ({ context, event }) => {
      assertEvent(event, 'FraudDecisionOverridden');
      return event.data.decision === 'APPROVED' && isCurrent(context.payment, event.data);
    },
    isDeclined: ({ context, event }) => {
      assertEvent(event, 'FraudDecisionOverridden');
      return event.data.decision === 'DECLINED' && isCurrent(context.payment, event.data);
    },
    paysTheTotal: ({ context, event }) => {
      assertEvent(event, 'PaymentProcessed');
      return isCurrent(context.payment, event.data) && isSameMoney(event.data.amount, context.totalAmount);
    },
    /** Money of a payment that the order does not collect by, and has not sent back yet. */
    isUnexpectedPayment: ({ context, event }) => {
      assertEvent(event, 'PaymentProcessed');
      return !isCurrent(context.payment, event.data) && !context.refundedPayments.includes(event.data.paymentId);
    },
    isNotSentBack: ({ context, event }) => {
      assertEvent(event, 'PaymentProcessed');
      return !context.refundedPayments.includes(event.data.paymentId);
    },
    failsForFraud: ({ context, event }) => {
      assertEvent(event, 'PaymentFailed');
      return event.data.failureReason === 'fraud_suspected' && isCurrent(context.payment, event.data);
    },
    failsForGood: ({ context, event }) => {
      assertEvent(event, 'PaymentFailed');
      return isNewFailure(context.payment, event.data) && hasNothingLeft(context, event.data);
    },
    fails: ({ context, event }) => {
      assertEvent(event, 'PaymentFailed');
      return isNewFailure(context.payment, event.data);
    },
    failsForNow: ({ context, event }) => {
      assertEvent(event, 'PaymentFailed');
      return isNewFailure(context.payment, event.data) && event.data.canRetry;
    },
    isRetrying: ({ context }) => context.payment?.state === 'retrying',
    isParcelNews: ({ context, event }) => isParcelNews(context, event),
    booksTheLast: ({ context, event }) => isParcelNews(context, event) && all(parcelsAfter(context, event), 'booked'),
    leavesNoneByHand: ({ context, event }) =>
      isParcelNews(context, event) && !some(parcelsAfter(context, event), 'manual'),
    leavesOneUndelivered: ({ context, event }) =>
      isParcelNews(context, event) && some(parcelsAfter(context, event), 'deliveryFailed'),
    deliversTheLast: ({ context, event }) =>
      isParcelNews(context, event) && all(parcelsAfter(context, event), 'delivered'),
  },
  actions: {
    announcePlacement: emit(({ context }) => orderPlaced(context)),
    announceConfirmation: emit(({ context, event }) => orderConfirmed(context, cause(event))),
    raiseAlert: assign(({ context }, alert: OrderContext['alerts'][number]) => ({ alerts: withAlert(context, alert) })),

    keepMovement: assign(({ context, event }) => {
      assertEvent(event, 'InventoryAdjusted');
      return {
        allocations: allocationsAfter(context, event),
        movements: [...context.movements, event.data.adjustmentId],
      };
    }),
    openPayment: enqueueActions(({ context, event, enqueue }) => {
      const payment = newPayment(context.payment, deriveId(cause(event).id, 'payment'));
      enqueue.assign({ payment, movements: [] });
      enqueue.emit(openPayment(context, payment));
    }),

    holdForReview: enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, ['FraudCheckCompleted', 'FraudDetected']);
      const reviewDueAt = event.data.reviewDueAt ?? later(event.at, REVIEW_MS);
      enqueue.assign({ reviewDueAt });
      enqueue.emit({
        type: 'ExtendHold',
        data: { orderId: context.orderId, until: reviewDueAt, cause: 'fraudReview' },
      });
    }),
    noteHoldExpired: assign({ holdExpired: true }),

    noteFailure: assign(({ context, event }) => {
      assertEvent(event, 'PaymentFailed');
      return { payment: context.payment && withFailure(context.payment, event.data) };
    }),
    extendHoldForRetry: emit(({ context, event }) => {
      assertEvent(event, 'PaymentFailed');
      const until = later(event.data.nextRetryAt ?? event.at, HOLD_MARGIN_MS);
      return { type: 'ExtendHold', data: { orderId: context.orderId, until, cause: 'paymentRetry' } };
    }),
    resumePayment: assign(({ context }) => ({ payment: context.payment && { ...context.payment, state: 'open' } })),
    changeMethod: assign(({ event }) => {
      assertEvent(event, 'ChangePaymentMethod');
      return { paymentMethod: event.data.paymentMethod };
    }),
    retryPayment: enqueueActions(({ context, enqueue }) => {
      if (context.payment === null) return;
      const { paymentId } = context.payment;
      enqueue.emit({ type: 'RetryPayment', data: { paymentId, paymentMethod: context.paymentMethod } });
    }),

    noteCapture: assign(({ context, event }) => {
      assertEvent(event, 'PaymentProcessed');
      return { payment: context.payment && withCapture(context.payment, event.data.amount) };
    }),
    sendBack: enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, 'PaymentProcessed');
      const { paymentId, amount } = event.data;
      enqueue.assign({
        refundedPayments: [...context.refundedPayments, paymentId],
        alerts: withAlert(context, 'unexpectedPaymentRefunded'),
      });
      enqueue.emit(refundPayment({ paymentId, amount }, 'The order does not need this payment.', 'orders', event));
    }),

    planShipments: enqueueActions(({ event, context, enqueue }) => {
      assertEvent(event, 'PaymentComplete');
      const { allocations } = event.data;
      const parcels = [...byWarehouse(allocations)].map(([warehouseId, items]) => ({
        shipmentId: deriveId(event.id, warehouseId),
        warehouseId,
        items,
      }));
      enqueue.assign({
        allocations,
        shipments: Object.fromEntries(
          parcels.map(({ shipmentId, warehouseId }) => [
            shipmentId,
            { warehouseId, status: 'pending' as const, carrier: null, trackingNumber: null },
          ]),
        ),
      });
      for (const { shipmentId, warehouseId, items } of parcels) {
        enqueue.emit(createShipment(context, shipmentId, warehouseId, items));
      }
    }),
    moveParcel: assign(({ context, event }) => ({ shipments: parcelsAfter(context, event) })),

    cancelBecause: assign(({ event }, reason: CancellationReason) => ({
      cancellation: { reason, note: null, requestedBy: 'system', at: cause(event).at } satisfies Cancellation,
    })),
    cancelOnRequest: assign(({ event }) => {
      assertEvent(event, 'CancelOrder');
      const { reason, note, requestedBy } = event.data;
      return { cancellation: { reason, note: note ?? null, requestedBy, at: event.at } };
    }),
    announceCancellation: emit(({ context }) => orderCancelled(context)),
    stopPayment: enqueueActions(({ context: { payment, cancellation, refundedPayments }, event, enqueue }) => {
      if (payment === null) return;
      const { paymentId, captured } = payment;
      const reason = `The order was cancelled: ${cancellation?.reason}.`;
      if (captured !== null) {
        enqueue.assign({
          payment: { ...payment, state: 'refunding' },
          refundedPayments: [...refundedPayments, paymentId],
        });
        enqueue.emit(
          refundPayment({ paymentId, amount: captured }, reason, cancellation?.requestedBy ?? 'system', cause(event)),
        );
      } else if (isOpen(payment)) {
        enqueue.assign({ payment: { ...payment, state: 'cancelled' } });
        enqueue.emit({ type: 'CancelPayment', data: { paymentId, reason } });
      }
    }),
    callBackParcels: enqueueActions(({ context: { shipments }, enqueue }) => {
      for (const shipmentId of undispatched(shipments)) {
        enqueue.emit({ type: 'CancelShipment', data: { shipmentId, reason: 'The order was cancelled.' } });
      }
      enqueue.assign({ shipments: calledBack(shipments) });
    }),
  },
});
