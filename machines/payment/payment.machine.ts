/**
 * The life of a payment: domain.md 8.2, rows P-01…P-08, P-10…P-14, P-16, P-18, P-18b, P-19, P-20, P-22; C-64…C-66.
 *
 * One payment makes up to three charges under keys of their own. A key is used up only by a definitive decline: after
 * a network error nobody knows whether money was taken, so the next attempt asks under the same key, with the same method.
 */
import { and, assertEvent, assign, emit, enqueueActions, not, setup } from 'xstate';
import type { FlowmartOutgoing, FlowmartReceived } from '../index.js';
import { cause } from '../shared/cause.js';
import { deriveId } from '../shared/ids.js';
import { later, msBetween } from '../shared/instants.js';
import {
  currentKey,
  type Failure,
  type Opening,
  opened,
  type PaymentContext,
  refundableNow,
  refundOf,
} from './payment.context.js';
import {
  paymentCancelled,
  paymentComplete,
  paymentFailed,
  paymentInitiated,
  paymentProcessed,
  processPayment,
  reconcileCharge,
  refundCharge,
  refundCompleted,
  refundFailed,
} from './payment.outgoing.js';
import {
  isMethodUsable,
  isUnknown,
  MAX_ATTEMPTS,
  RETRY_DELAY_MS,
  REVIEW_TIMEOUT_MS,
  type Refund,
  RISK_CHECK_TIMEOUT_MS,
  refundedTotal,
} from './payment.rules.js';

const openingOf = (event: object): Opening => (event as { readonly input: Opening }).input;

const settleRefund = (refunds: readonly Refund[], refundId: string, status: Refund['status']): Refund[] =>
  refunds.map((refund) => (refund.refundId === refundId ? { ...refund, status } : refund));

export const paymentMachine = setup({
  types: {
    context: {} as PaymentContext,
    input: {} as Opening,
    events: {} as FlowmartReceived<
      | 'PaymentInitiated'
      | 'FraudCheckCompleted'
      | 'FraudDecisionOverridden'
      | 'CancelPayment'
      | 'RetryPayment'
      | 'RefundPayment'
      | 'ChargeSucceeded'
      | 'ChargeFailed'
      | 'RefundSucceeded'
      | 'RefundRejected'
      | 'StockCommitted'
      | 'ReceiptQueued'
    >,
    emitted: {} as FlowmartOutgoing<
      | 'PaymentInitiated'
      | 'ProcessPayment'
      | 'ReconcileCharge'
      | 'RefundCharge'
      | 'PaymentProcessed'
      | 'PaymentFailed'
      | 'PaymentCancelled'
      | 'PaymentComplete'
      | 'RefundCompleted'
      | 'RefundFailed'
    >,
    meta: {} as { defers?: readonly string[] },
  },
  delays: {
    riskCheckTimeout: RISK_CHECK_TIMEOUT_MS,
    reviewDeadline: ({ context, event }) =>
      context.reviewDueAt ? msBetween(cause(event).at, context.reviewDueAt) : REVIEW_TIMEOUT_MS,
    retryDelay: RETRY_DELAY_MS,
  },
  guards: {
    isApproved: ({ event }) => 'decision' in event.data && event.data.decision === 'APPROVED',
    isDeclined: ({ event }) => 'decision' in event.data && event.data.decision === 'DECLINED',
    awaitsDecision: ({ context }) => context.reviewDueAt === null,
    isCancelRequested: ({ context }) => context.cancelRequested,
    /** The outcome of the charge in use: not of an earlier key, and no second telling. */
    isCurrentCharge: ({ context, event }) => {
      assertEvent(event, ['ChargeSucceeded', 'ChargeFailed']);
      if (event.data.idempotencyKey !== currentKey(context)) return false;
      const isFinal = event.type === 'ChargeSucceeded' || !isUnknown(event.data.failureReason);
      return isFinal || event.data.attempt === context.attempt;
    },
    isDefinitive: ({ event }) => {
      assertEvent(event, 'ChargeFailed');
      return !isUnknown(event.data.failureReason);
    },
    isRetryable: ({ event }) => {
      assertEvent(event, 'ChargeFailed');
      return event.data.canRetry;
    },
    /** Renewals leave retries to dunning (P-12). */
    mayTryAgain: ({ context }) => context.attempt < MAX_ATTEMPTS && context.profile !== 'renewal',
    /** The customer chose another method while the outcome of this charge was open. */
    mayChargeReplacement: ({ context, event }) => {
      assertEvent(event, 'ChargeFailed');
      const { failureReason } = event.data;
      const isOverForGood = !isUnknown(failureReason) && failureReason !== 'fraud_suspected';
      return isOverForGood && context.replacementMethod !== null && context.attempt < MAX_ATTEMPTS;
    },
    isUncharged: ({ context }) => context.charge === null,
    isReadyToComplete: ({ context }) =>
      !context.calledOff &&
      context.completedAt === null &&
      context.receiptQueued &&
      (context.orderId === null || context.allocations !== null),
    awaitsStock: ({ context }) => refundableNow(context) > 0 && context.allocations === null,
    awaitsReceipt: ({ context }) => refundableNow(context) > 0 && !context.receiptQueued,
    isRefundable: ({ context, event }) => {
      assertEvent(event, 'RefundPayment');
      const { refundId, amount } = event.data;
      const isNew = refundOf(context, refundId) === undefined && amount.currency === context.amount.currency;
      return isNew && amount.amount > 0 && amount.amount <= refundableNow(context);
    },
    isRefundInFlight: ({ context, event }) => {
      assertEvent(event, ['RefundSucceeded', 'RefundRejected']);
      return refundOf(context, event.data.refundId)?.status === 'processing';
    },
    isLastOfTheMoney: ({ context, event }) => {
      assertEvent(event, 'RefundSucceeded');
      return refundedTotal(settleRefund(context.refunds, event.data.refundId, 'completed')) === context.charge?.amount;
    },
  },
  actions: {
    announceInitiated: emit(({ context, event }) => paymentInitiated(context, openingOf(event))),
    setReviewDeadline: assign(({ event }) => {
      assertEvent(event, 'FraudCheckCompleted');
      return { reviewDueAt: event.data.reviewDueAt ?? later(event.at, REVIEW_TIMEOUT_MS) };
    }),
    suspectFraud: assign({
      failure: (): Failure => ({
        reason: 'fraud_suspected',
        code: null,
        message: 'The payment did not pass the fraud check.',
        methodUsable: true,
      }),
    }),
    startAttempt: assign(({ context: { attempt, outcomeUnknown, replacementMethod } }) => ({
      attempt: attempt + 1,
      // The same key must go with the same method: a provider refuses one key for two different charges.
      ...(replacementMethod && !outcomeUnknown && { paymentMethod: replacementMethod, replacementMethod: null }),
    })),
    requestCharge: emit(({ context }) => processPayment(context)),
    keepReplacement: assign(({ event }) => {
      assertEvent(event, 'RetryPayment');
      return { replacementMethod: event.data.paymentMethod };
    }),
    requestCancellation: assign({ cancelRequested: true }),
    noteFailure: assign(({ context, event }) => {
      assertEvent(event, 'ChargeFailed');
      const { failureReason: reason, failureCode: code, failureMessage: message, canRetry } = event.data;
      const outcomeUnknown = isUnknown(reason);
      return {
        failure: { reason, code, message, methodUsable: isMethodUsable(reason, canRetry) },
        outcomeUnknown,
        chargeNumber: outcomeUnknown ? context.chargeNumber : context.chargeNumber + 1,
      };
    }),
    scheduleRetry: assign({ nextRetryAt: ({ event }) => later(cause(event).at, RETRY_DELAY_MS) }),
    unscheduleRetry: assign({ nextRetryAt: null }),
    announceCancellation: emit(({ context, event }) => paymentCancelled(context, cause(event))),
    announceFailure: emit(({ context, event }) => paymentFailed(context, cause(event))),
    /** Nobody will ask under this key again, so somebody must find out what became of it. */
    reconcileUnknown: enqueueActions(({ context, enqueue }) => {
      if (context.outcomeUnknown) enqueue.emit(reconcileCharge(context));
    }),
    recordCharge: assign(({ event }) => {
      assertEvent(event, 'ChargeSucceeded');
      const { gateway, gatewayReferenceId, responseMessage, amount } = event.data;
      return {
        charge: { gateway, gatewayReferenceId, responseMessage, amount: amount.amount, capturedAt: event.at },
        outcomeUnknown: false,
      };
    }),
    announceProcessed: emit(({ context, event }) => paymentProcessed(context, cause(event))),
    keepAllocations: assign(({ event }) => {
      assertEvent(event, 'StockCommitted');
      return { allocations: event.data.allocations };
    }),
    noteReceipt: assign({ receiptQueued: true }),
    markComplete: assign({ completedAt: ({ event }) => cause(event).at }),
    announceComplete: emit(({ context, event }) => paymentComplete(context, cause(event))),
    openRefund: assign(({ context, event }) => {
      assertEvent(event, 'RefundPayment');
      const { refundId, amount } = event.data;
      return {
        refunds: [...context.refunds, { refundId, amount: amount.amount, status: 'processing' as const }],
        calledOff: context.calledOff || amount.amount === refundableNow(context),
      };
    }),
    openFullRefund: assign(({ context, event }) => ({
      refunds: [
        ...context.refunds,
        {
          refundId: deriveId(cause(event).id, 'refund'),
          amount: refundableNow(context),
          status: 'processing' as const,
        },
      ],
      calledOff: true,
    })),
    requestRefund: emit(({ context, event }) =>
      refundCharge(context, event.type === 'RefundPayment' ? event.data.reason : 'The payment was cancelled.'),
    ),
    closeRefund: assign(({ context, event }) => {
      assertEvent(event, ['RefundSucceeded', 'RefundRejected']);
      const status = event.type === 'RefundSucceeded' ? 'completed' : 'failed';
      const refunds = settleRefund(context.refunds, event.data.refundId, status);
      return { refunds, refunded: refundedTotal(refunds) };
    }),
    announceRefund: emit(({ context, event }) => {
      assertEvent(event, 'RefundSucceeded');
      return refundCompleted(context, event);
    }),
    announceRefundFailure: emit(({ context, event }) => {
      assertEvent(event, 'RefundRejected');
      return refundFailed(context, event);
    }),
  },
}).createMachine({
  id: 'payment',
  context: ({ input }) => opened(input),
  initial: 'initiated',
  // Money that was taken can go back, and fulfilment can begin, in several states; the guards want a charge.
  on: {
    RefundPayment: { guard: 'isRefundable', actions: ['openRefund', 'requestRefund'] }, // P-19
    RefundSucceeded: [
      // P-20
      {
        guard: and(['isRefundInFlight', 'isLastOfTheMoney']),
        target: '.refunded',
        actions: ['closeRefund', 'announceRefund'],
      },
      { guard: 'isRefundInFlight', target: '.partiallyRefunded', actions: ['closeRefund', 'announceRefund'] },
    ],
    RefundRejected: { guard: 'isRefundInFlight', actions: ['closeRefund', 'announceRefundFailure'] }, // refund sub-machine
    StockCommitted: { guard: 'awaitsStock', actions: 'keepAllocations' }, // P-16
    ReceiptQueued: { guard: 'awaitsReceipt', actions: 'noteReceipt' }, // P-16
  },
  states: {
    initiated: {
      entry: 'announceInitiated', // P-01
      meta: { defers: ['FraudCheckCompleted', 'FraudDecisionOverridden'] },
      on: {
        PaymentInitiated: 'riskCheck', // P-02
        CancelPayment: 'cancelled', // P-18
      },
    },
    riskCheck: {
      meta: { defers: ['FraudDecisionOverridden'] },
      after: { riskCheckTimeout: 'onHold' }, // P-02
      on: {
        FraudCheckCompleted: [
          { guard: 'isApproved', target: 'authorizing' }, // P-03
          { guard: 'isDeclined', target: 'failed', actions: 'suspectFraud' }, // P-05
          { target: 'onHold', actions: 'setReviewDeadline' }, // P-04
        ],
        CancelPayment: 'cancelled', // P-18
      },
    },
    onHold: {
      after: { reviewDeadline: { target: 'failed', actions: 'suspectFraud' } }, // P-07
      on: {
        // The decision that the risk check did not wait for.
        FraudCheckCompleted: [
          { guard: and(['awaitsDecision', 'isApproved']), target: 'authorizing' }, // P-03
          { guard: and(['awaitsDecision', 'isDeclined']), target: 'failed', actions: 'suspectFraud' }, // P-05
          { guard: 'awaitsDecision', target: 'onHold', reenter: true, actions: 'setReviewDeadline' }, // P-04
        ],
        FraudDecisionOverridden: [
          { guard: 'isApproved', target: 'authorizing' }, // P-06
          { target: 'failed', actions: 'suspectFraud' }, // P-07
        ],
        CancelPayment: 'cancelled', // P-18
      },
    },
    authorizing: {
      entry: ['startAttempt', 'requestCharge'],
      on: {
        ChargeSucceeded: [
          {
            guard: and(['isCurrentCharge', 'isCancelRequested']),
            target: 'captured',
            actions: ['recordCharge', 'openFullRefund', 'requestRefund'], // P-18b
          },
          { guard: 'isCurrentCharge', target: 'captured', actions: 'recordCharge' }, // P-08
        ],
        ChargeFailed: [
          { guard: and(['isCurrentCharge', 'isCancelRequested']), target: 'cancelled', actions: 'noteFailure' }, // P-18b
          {
            guard: and(['isCurrentCharge', 'mayChargeReplacement']),
            target: 'authorizing',
            reenter: true,
            actions: 'noteFailure',
          }, // P-14
          {
            guard: and(['isCurrentCharge', 'isRetryable', 'mayTryAgain']),
            target: 'retryWait',
            actions: 'noteFailure',
          }, // P-10, P-13
          { guard: 'isCurrentCharge', target: 'failed', actions: 'noteFailure' }, // P-11, P-12
        ],
        RetryPayment: { guard: not('isCancelRequested'), actions: 'keepReplacement' },
        CancelPayment: { guard: not('isCancelRequested'), actions: 'requestCancellation' }, // P-18b
      },
    },
    retryWait: {
      entry: ['scheduleRetry', 'announceFailure'],
      exit: 'unscheduleRetry',
      after: { retryDelay: 'authorizing' }, // P-14
      on: {
        RetryPayment: { target: 'authorizing', actions: 'keepReplacement' }, // P-14
        CancelPayment: 'cancelled', // P-18
        // What a webhook tells later about a charge of unknown outcome.
        ChargeSucceeded: { guard: 'isCurrentCharge', target: 'captured', actions: 'recordCharge' }, // P-08
        ChargeFailed: [
          { guard: and(['isCurrentCharge', 'mayChargeReplacement']), target: 'authorizing', actions: 'noteFailure' }, // P-14
          { guard: and(['isCurrentCharge', 'isDefinitive', 'isRetryable']), actions: 'noteFailure' }, // P-10
          { guard: and(['isCurrentCharge', 'isDefinitive']), target: 'failed', actions: 'noteFailure' }, // P-11
        ],
      },
    },
    captured: {
      entry: 'announceProcessed', // P-08
      always: { guard: 'isReadyToComplete', target: 'completed' }, // P-16
    },
    completed: { entry: ['markComplete', 'announceComplete'] },
    partiallyRefunded: {
      always: { guard: 'isReadyToComplete', actions: ['markComplete', 'announceComplete'] }, // P-16
    },
    refunded: {},
    failed: {
      entry: ['announceFailure', 'reconcileUnknown'],
      on: {
        // Money that arrives after the end goes back; the state stays what everyone was told.
        ChargeSucceeded: { guard: 'isUncharged', actions: ['recordCharge', 'openFullRefund', 'requestRefund'] },
        RefundSucceeded: { guard: 'isRefundInFlight', actions: ['closeRefund', 'announceRefund'] },
      },
    },
    cancelled: {
      entry: ['announceCancellation', 'reconcileUnknown'],
      on: {
        ChargeSucceeded: { guard: 'isUncharged', actions: ['recordCharge', 'openFullRefund', 'requestRefund'] },
        RefundSucceeded: { guard: 'isRefundInFlight', actions: ['closeRefund', 'announceRefund'] },
      },
    },
  },
});
